package main

/*
#cgo pkg-config: confab
#include <stdlib.h>
#include <confab.h>
*/
import "C"

import (
	"encoding/json"
	"fmt"
	"sync"
	"unsafe"
)

// Chat is the chat of one tenant. Its methods may be called from any goroutine.
type Chat struct {
	runtime *C.confab_runtime
	queue   *C.confab_queue
	client  *C.confab_client
	tenant  *C.confab_tenant
	taken   chan struct{} // closed when nothing comes any more

	mutex   sync.Mutex
	lastTag uint64
	waiting map[uint64]chan *C.confab_event // by tag
}

// Message is what somebody said.
type Message struct {
	EventID string `json:"event_id"`
	Sender  string `json:"sender"`
	Body    string `json:"body"`
}

// Error is why something failed. Its text is safe to log.
type Error struct {
	Status string
	Text   string
}

func (e *Error) Error() string { return e.Status + ": " + e.Text }

// failure makes an Error of how a call ended, and gives the library's error back. Nil where it did not fail.
func failure(status C.confab_status, why *C.confab_error) error {
	defer C.confab_error_release(why)
	if status == C.CONFAB_OK {
		return nil
	}
	text := ""
	if why != nil {
		text = C.GoString(C.confab_error_message(why))
	}
	return &Error{C.GoString(C.confab_status_name(status)), text}
}

// Open reads a configuration. Close what it returns.
func Open(config string) (*Chat, error) {
	chat := &Chat{waiting: map[uint64]chan *C.confab_event{}, taken: make(chan struct{})}
	var why *C.confab_error
	if status := C.confab_runtime_new(nil, &chat.runtime, &why); status != C.CONFAB_OK {
		return nil, failure(status, why)
	}
	if status := C.confab_queue_new(nil, &chat.queue, &why); status != C.CONFAB_OK {
		C.confab_runtime_release(chat.runtime)
		return nil, failure(status, why)
	}
	go chat.take()
	path := C.CString(config)
	defer C.free(unsafe.Pointer(path))
	options := C.confab_client_options{path: path}
	options.struct_size = C.uint32_t(unsafe.Sizeof(options))
	status := C.confab_client_open(chat.runtime, &options, &chat.client, &why)
	if status == C.CONFAB_OK {
		status = C.confab_client_tenant(chat.client, nil, &chat.tenant, &why)
	}
	if status != C.CONFAB_OK {
		chat.Close()
		return nil, failure(status, why)
	}
	return chat, nil
}

// Close ends what is in flight.
func (chat *Chat) Close() {
	C.confab_queue_close(chat.queue) // wakes take()
	<-chat.taken
	// Releases take NULL, too.
	C.confab_tenant_release(chat.tenant)
	C.confab_client_release(chat.client)
	C.confab_queue_release(chat.queue)
	C.confab_runtime_release(chat.runtime)
}

// take hands each event to whoever waits for its tag. The one goroutine whose thread waits.
func (chat *Chat) take() {
	defer close(chat.taken)
	for {
		var event *C.confab_event
		if C.confab_queue_next(chat.queue, -1, &event) != C.CONFAB_OK {
			break // closed
		}
		chat.mutex.Lock()
		// Each channel has room for all that its tag may have at once, so this never waits.
		if channel, there := chat.waiting[uint64(C.confab_event_tag(event))]; there {
			channel <- event
		} else {
			C.confab_event_release(event)
		}
		chat.mutex.Unlock()
	}
	chat.mutex.Lock()
	defer chat.mutex.Unlock()
	for _, channel := range chat.waiting {
		close(channel)
	}
	chat.waiting = nil
}

// expect makes a tag, and the channel on which its events come.
func (chat *Chat) expect(room int) (C.uint64_t, chan *C.confab_event) {
	channel := make(chan *C.confab_event, room)
	chat.mutex.Lock()
	defer chat.mutex.Unlock()
	chat.lastTag++
	if chat.waiting == nil {
		close(channel)
	} else {
		chat.waiting[chat.lastTag] = channel
	}
	return C.uint64_t(chat.lastTag), channel
}

func (chat *Chat) forget(tag C.uint64_t) {
	chat.mutex.Lock()
	defer chat.mutex.Unlock()
	delete(chat.waiting, uint64(tag))
}

// call starts an operation and waits for its result, which is read into what `result` points to.
func (chat *Chat) call(start func(tag C.uint64_t, why **C.confab_error) C.confab_status, result any) error {
	tag, channel := chat.expect(1)
	defer chat.forget(tag)
	var why *C.confab_error
	if status := start(tag, &why); status != C.CONFAB_OK {
		return failure(status, why) // no event will come
	}
	event, open := <-channel
	if !open {
		return &Error{"closed", "the chat was closed"}
	}
	defer C.confab_event_release(event)
	return read(event, result)
}

func read(event *C.confab_event, result any) error {
	if status := C.confab_event_status(event); status != C.CONFAB_OK {
		return failure(status, C.confab_error_retain(C.confab_event_error(event)))
	}
	return json.Unmarshal([]byte(C.GoString(C.confab_event_json(event, nil))), result)
}

// texts keeps C copies of strings for as long as a call needs them.
type texts []*C.char

func (kept *texts) of(text string) *C.char {
	copied := C.CString(text)
	*kept = append(*kept, copied)
	return copied
}

func (kept *texts) free() {
	for _, text := range *kept {
		C.free(unsafe.Pointer(text))
	}
}

func (chat *Chat) room(event, user string, result any,
	start func(request *C.confab_room_request, tag C.uint64_t, why **C.confab_error) C.confab_status) error {
	var kept texts
	defer kept.free()
	request := C.confab_room_request{room: kept.of(event), user: kept.of(user)}
	request.struct_size = C.uint32_t(unsafe.Sizeof(request))
	return chat.call(func(tag C.uint64_t, why **C.confab_error) C.confab_status {
		return start(&request, tag, why)
	}, result)
}

// EnsureRoom makes the room of an event, if it is not there yet, and tells its id.
func (chat *Chat) EnsureRoom(event, creator string) (string, error) {
	var made struct {
		RoomID string `json:"room_id"`
	}
	err := chat.room(event, creator, &made,
		func(request *C.confab_room_request, tag C.uint64_t, why **C.confab_error) C.confab_status {
			return C.confab_ensure_room(chat.tenant, request, chat.queue, tag, nil, why)
		})
	return made.RoomID, err
}

// AddMember brings a user into the room of an event.
func (chat *Chat) AddMember(event, user string) error {
	var room struct{}
	return chat.room(event, user, &room,
		func(request *C.confab_room_request, tag C.uint64_t, why **C.confab_error) C.confab_status {
			return C.confab_add_member(chat.tenant, request, chat.queue, tag, nil, why)
		})
}

// Send says something, and tells the event id of it.
func (chat *Chat) Send(event, sender, body string) (string, error) {
	var kept texts
	defer kept.free()
	request := C.confab_message_request{room: kept.of(event), user: kept.of(sender), body: kept.of(body)}
	request.struct_size = C.uint32_t(unsafe.Sizeof(request))
	var sent Message
	err := chat.call(func(tag C.uint64_t, why **C.confab_error) C.confab_status {
		return C.confab_send(chat.tenant, &request, chat.queue, tag, nil, why)
	}, &sent)
	return sent.EventID, err
}

// Watch gives the messages that are said in a user's rooms from now on, until the chat is closed or the stream fails.
func (chat *Chat) Watch(user string) (<-chan Message, error) {
	var kept texts
	defer kept.free()
	request := C.confab_stream_request{user: kept.of(user)}
	request.struct_size = C.uint32_t(unsafe.Sizeof(request))
	tag, channel := chat.expect(2) // a batch, and the end
	var stream *C.confab_stream
	var why *C.confab_error
	if status := C.confab_stream_open(chat.tenant, &request, chat.queue, tag, &stream, &why); status != C.CONFAB_OK {
		chat.forget(tag)
		return nil, failure(status, why)
	}
	plain := C.confab_plain_request{}
	plain.struct_size = C.uint32_t(unsafe.Sizeof(plain))
	var ready struct{}
	err := chat.call(func(tag C.uint64_t, why **C.confab_error) C.confab_status {
		return C.confab_stream_ready(stream, &plain, chat.queue, tag, nil, why)
	}, &ready)
	if err != nil {
		C.confab_stream_release(stream)
		return nil, err
	}
	messages := make(chan Message)
	C.confab_stream_grant(stream, C.UINT32_MAX)
	go pass(stream, channel, messages, chat.taken)
	return messages, nil
}

// pass reads batches and acknowledges each, so that the next one may come.
func pass(stream *C.confab_stream, batches <-chan *C.confab_event, messages chan<- Message, closed <-chan struct{}) {
	defer close(messages)
	defer C.confab_stream_release(stream)
	for batch := range batches {
		var told struct {
			Events []struct {
				Message *Message `json:"message"`
			} `json:"events"`
		}
		ended := C.confab_event_kind(batch) == C.CONFAB_EVENT_STREAM_END
		var err error
		if !ended {
			err = read(batch, &told)
		}
		for _, event := range told.Events {
			if event.Message == nil {
				continue // somebody joined, typed, ...
			}
			select {
			case messages <- *event.Message:
			case <-closed:
				ended = true
			}
		}
		C.confab_stream_ack(stream, batch)
		C.confab_event_release(batch)
		if err != nil {
			fmt.Println("the stream failed:", err)
		}
		if ended || err != nil {
			return
		}
	}
}
