// A device's sockets among neighbours who mean harm: floods, resets before anybody reads, peers
// that never read, never answer, never close; a full queue to JavaScript, a system out of sockets.
// Checked by the sanitizers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Crowd, gather, SKIP } from "./stage";

let crowd: Crowd;
before(() => {
  if (!SKIP) crowd = gather();
});
after(() => crowd?.remove());

const SCENES: Readonly<Record<string, string>> = {
  talk: "a neighbour asks and gets its answer, whole, after JavaScript let go",
  "two-doors": "who comes to one of a device's two ports is taken there, and nowhere else",
  rates: "an address opens no more connections than its rate allows, however soon they are taken",
  "rate-of-all": "all together open no more than their rate allows, the cable that pays apart",
  "flood-of-one": "a flood from one address is refused before JavaScript hears of it; another address gets in",
  "flood-of-many": "a flood from many addresses is bounded, and the cable that pays is taken first",
  "favoured-finds-room": "the cable that pays gets in where strangers hold every place",
  "scarce-memory": "where memory is scarce strangers have to go, and the cable that pays stays and gets in",
  "gone-before-it-was-taken": "connections that are reset before JavaScript takes or reads them",
  "nobody-takes": "a connection that nobody takes is let go by the clock",
  "slow-reader": "a peer that does not read holds no more than the stack's buffer, and no longer than the farewell",
  "talks-through-the-farewell": "a peer that sends for ever is let go",
  "half-closed": "a peer that closed its half still gets its answer",
  dial: "a device calls another",
  "dial-is-refused": "a refused call is told, and whom it called is known",
  "dial-is-not-answered": "a call that nobody answers is given up by the clock, and so many may wait",
  "queue-full": "a full queue to JavaScript loses nothing and stops nobody",
  "one-message": "one message is under way, whatever happens",
  "old-handles": "a handle of a closed socket touches nothing",
  "no-more-sockets": "a system out of sockets does not keep the task turning",
  "lost-wake": "a wake that is lost delays, and no more",
  datagrams: "a group's datagrams are heard and answered, to one and to the group",
  talkers: "datagrams beyond a neighbour's rate, or all neighbours', are dropped before JavaScript hears of them",
  "nobody-listens":
    "of datagrams that JavaScript does not take two are kept, the rest leaves the stack, and the task comes to rest",
  "unfit-datagrams": "a datagram that does not fit is dropped, and a port without a link is refused",
  addresses: "addresses are read strictly",
  "two-tasks": "the task and JavaScript's interleave",
};

for (const [scene, title] of Object.entries(SCENES)) {
  test(title, { skip: SKIP }, () => assert.equal(crowd.play(scene), undefined));
}

test("every scene is played", { skip: SKIP }, () => {
  assert.deepEqual(crowd.scenes().sort(), Object.keys(SCENES).sort());
});

test("anything in any order, with failing calls between: bounds hold, and in the end nothing is left", {
  skip: SKIP,
}, () => {
  for (let seed = 1; seed <= 12; seed++)
    assert.equal(crowd.play("anything", `${seed}`, "1500"), undefined, `seed ${seed}`);
});

test("two tasks race for nothing", { skip: SKIP }, () => {
  const threads = gather(undefined, "threads");
  try {
    assert.equal(threads.play("two-tasks"), undefined);
  } finally {
    threads.remove();
  }
});
