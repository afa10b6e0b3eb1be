// One after the other: a question to a server takes kilobytes while it is under way (its
// connection, with TLS tens of them, its reader, the promises on the way), and a microcontroller
// has not as many as a session's opening has questions.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `action` when all that came before it have ended, well or not; settles as it does. */
  take<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
