// Each guard of the sockets, taken away: the scene that it is there for must fail, or the scene
// shows nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gather, SKIP } from "./stage";

interface Guard {
  readonly text: string;
  readonly instead: string;
  readonly scene: string;
}

const GUARDS: Readonly<Record<string, Guard>> = {
  "an address's rate": {
    text: "if (!take_from(own, now, SOCKETS_PEER_BURST, SOCKETS_PEER_PER_SECOND))",
    instead: "if (!take_from(own, now, 1000, 1000000))",
    scene: "rates",
  },
  "the crowd's rate": {
    text: "!take_from(&all->crowd, now, SOCKETS_CROWD_BURST, SOCKETS_CROWD_PER_SECOND)",
    instead: "0",
    scene: "rate-of-all",
  },
  "how many of an address wait": {
    text: "if (own >= SOCKETS_WAITING_PER_PEER)",
    instead: "if (0)",
    scene: "flood-of-one",
  },
  "how many strangers wait": {
    text: "return strangers < SOCKETS_WAITING;",
    instead: "return true;",
    scene: "flood-of-many",
  },
  "room for the favoured": {
    text: "return favoured && make_room(all, WAITING);",
    instead: "return false;",
    scene: "favoured-finds-room",
  },
  "memory before strangers": {
    text: "if (!is_scarce(all) || make_room(all, WAITING)",
    instead: "if (1 || make_room(all, WAITING)",
    scene: "scarce-memory",
  },
  "no stranger where memory is scarce": {
    text: "if (!favoured && is_scarce(all))",
    instead: "if (0)",
    scene: "scarce-memory",
  },
  "untaken strangers before those who ask": {
    text: "|| make_room(all, WAITING) || make_room(all, CLOSING))\n\t\treturn;",
    instead: ")\n\t\treturn;",
    scene: "scarce-memory",
  },
  "resets before anybody takes": {
    text: "peeked == 0 || (peeked < 0 && !would_wait(errno))",
    instead: "0",
    scene: "queue-full",
  },
  "the clock of what nobody takes": {
    text: "if (now >= slot->until || peeked == 0",
    instead: "if (peeked == 0",
    scene: "nobody-takes",
  },
  "the clock of the farewell": {
    text: "else if (now >= slot->until || slot->drained",
    instead: "else if (slot->drained",
    scene: "slow-reader",
  },
  "the bytes of the farewell": {
    text: "|| slot->drained >= SOCKETS_FAREWELL_BYTES)",
    instead: ")",
    scene: "talks-through-the-farewell",
  },
  "the clock of a call": {
    text: "if (now >= slot->until)\n\t\t\tend(all, slot, SOCKETS_NO_ANSWER);",
    instead: "",
    scene: "dial-is-not-answered",
  },
  "how many calls": {
    text: "if (count(all, DIALED) < SOCKETS_DIALED)",
    instead: "",
    scene: "dial-is-not-answered",
  },
  "one message at a time": {
    text: "post = is_due(all) && !all->posted;",
    instead: "post = is_due(all);",
    scene: "one-message",
  },
  "a message that found no room": {
    text: "\tlock(all);\n\tall->posted = false;\n\tunlock(all);\n}\n\nbool sockets_turn",
    instead: "}\n\nbool sockets_turn",
    scene: "queue-full",
  },
  "generations of handles": {
    text: "if (slot->generation != (uint32_t)handle >> PLACE_BITS)",
    instead: "if (0)",
    scene: "old-handles",
  },
  "the listener's rest": {
    text: "if (!would_wait(errno))\n\t\t\tall->rest_until = now + SOCKETS_REST_MS;",
    instead: "",
    scene: "no-more-sockets",
  },
  "a talker's rate": {
    text: "return take_from(own, now, SOCKETS_TALKER_BURST, SOCKETS_TALKER_PER_SECOND)\n\t\t&& take_from",
    instead: "(void)own;\n\treturn take_from",
    scene: "talkers",
  },
  "all talkers' rate": {
    text: "\n\t\t&& take_from(&all->talk, now, SOCKETS_TALK_BURST, SOCKETS_TALK_PER_SECOND);",
    instead: ";",
    scene: "talkers",
  },
  "datagrams counted apart from connections": {
    text: "bucket_of(all->talkers, address, now, SOCKETS_TALKER_BURST)",
    instead: "bucket_of(all->peers, address, now, SOCKETS_TALKER_BURST)",
    scene: "talkers",
  },
  "whose interface a group is joined on": {
    text: "setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)) == 0",
    instead: "1",
    scene: "datagrams",
  },
  "a datagram that does not fit": {
    text: "|| (size_t)got == sizeof(kept->bytes)",
    instead: "",
    scene: "unfit-datagrams",
  },
  "a wake that was lost": {
    text: "\tall->woken = false;\n}",
    instead: "\tif (readable)\n\t\tall->woken = false;\n}",
    scene: "lost-wake",
  },
};

for (const [name, { text, instead, scene }] of Object.entries(GUARDS)) {
  test(`without ${name} its scene fails`, { skip: SKIP }, () => {
    const crowd = gather([text, instead]);
    try {
      assert.ok(crowd.scenes().includes(scene), scene);
      assert.notEqual(crowd.play(scene), undefined);
    } finally {
      crowd.remove();
    }
  });
}
