"use strict";

const native = require("./confab.node");

// The chat of one tenant. Everything that it tells is the result of docs/c-api.md.
class Chat {
  #session;
  #lastTag = 0;
  #waiting = new Map(); // by tag: what is done with its event

  constructor(config) {
    this.#session = native.open(config, (tag, error, json) => this.#waiting.get(tag)?.(error, json));
  }

  ensureRoom(event, creator) {
    return this.#ask((tag) => native.ensureRoom(this.#session, tag, event, creator));
  }
  addMember(event, user) {
    return this.#ask((tag) => native.addMember(this.#session, tag, event, user));
  }
  send(event, sender, body) {
    return this.#ask((tag) => native.send(this.#session, tag, event, sender, body));
  }

  // The messages that are said in a user's rooms from now on.
  async watch(user) {
    const tag = ++this.#lastTag;
    const batches = [];
    let wake = () => {};
    this.#waiting.set(tag, (error, json) => {
      batches.push({ error, json });
      wake();
    });
    const stream = native.openStream(this.#session, tag, user);
    await this.#ask((ready) => native.streamReady(this.#session, ready, stream));
    native.grant(stream);
    return this.#messages(batches, stream, (resolve) => (wake = resolve));
  }

  async *#messages(batches, stream, onArrival) {
    while (this.#session !== null) {
      if (batches.length === 0) {
        await new Promise(onArrival);
        continue;
      }
      const { error, json } = batches.shift();
      if (error) throw error;
      if (json === null) return; // the end of the stream
      for (const event of JSON.parse(json).events) if (event.message) yield event.message;
      if (this.#session !== null) native.acknowledge(stream); // now the next batch may come
    }
  }

  // Ends what is in flight. Nothing of it is told any more.
  close() {
    if (this.#session !== null) native.close(this.#session);
    this.#session = null;
  }

  // An operation: a call that throws has no event, any other has one.
  #ask(start) {
    return new Promise((resolve, reject) => {
      const tag = ++this.#lastTag;
      start(tag);
      this.#waiting.set(tag, (error, json) => {
        this.#waiting.delete(tag);
        if (error) reject(error);
        else resolve(JSON.parse(json));
      });
    });
  }
}

module.exports = { Chat };
