// One user says something in the room of an event, and another one hears it.
//
//	first_message CONFIG EVENT SENDER READER
package main

import (
	"fmt"
	"os"
)

func run(config, event, sender, reader string) error {
	chat, err := Open(config)
	if err != nil {
		return err
	}
	defer chat.Close()

	room, err := chat.EnsureRoom(event, sender)
	if err != nil {
		return err
	}
	fmt.Println("the room is", room)
	if err := chat.AddMember(event, reader); err != nil {
		return err
	}

	// What is said after Watch has returned is heard.
	heard, err := chat.Watch(reader)
	if err != nil {
		return err
	}
	sent, err := chat.Send(event, sender, "Hello from Go")
	if err != nil {
		return err
	}
	fmt.Println("the message is", sent)
	for message := range heard {
		if message.EventID == sent {
			fmt.Printf("%s heard from %s: %s\n", reader, message.Sender, message.Body)
			return nil
		}
	}
	return fmt.Errorf("the stream ended before the message came")
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: first_message CONFIG EVENT SENDER READER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "first_message:", err)
		os.Exit(1)
	}
}
