// One user says something in the room of an event, and another one hears it.
//
//   node first_message.js CONFIG EVENT SENDER READER
"use strict";

const { Chat } = require("./chat.js");

async function run(config, event, sender, reader) {
  const chat = new Chat(config);
  try {
    const room = await chat.ensureRoom(event, sender);
    console.log(`the room is ${room.room_id}`);
    await chat.addMember(event, reader);

    // What is said after watch() has been awaited is heard.
    const heard = await chat.watch(reader);
    const sent = await chat.send(event, sender, "Hello from Node");
    console.log(`the message is ${sent.event_id}`);
    for await (const message of heard) {
      if (message.event_id !== sent.event_id) continue;
      console.log(`${reader} heard from ${message.sender}: ${message.body}`);
      break;
    }
  } finally {
    chat.close();
  }
}

if (process.argv.length !== 6) {
  console.error("usage: node first_message.js CONFIG EVENT SENDER READER");
  process.exitCode = 2;
} else {
  run(...process.argv.slice(2)).catch((problem) => {
    console.error(`first_message: ${problem.message}`);
    process.exitCode = 1;
  });
}
