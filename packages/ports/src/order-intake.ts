/** What this process can take of orders, measured where they come in. All are cheap and never throw. */
export interface OrderIntake {
  /** Orders a second that it can take durably: what a waiting room lets in. Asked for at every step, it learns from what was done since. */
  capacity(): number;
  /** Whether more orders come than that, now. */
  isPressed(): boolean;
  /** Orders that came so far with a ticket that let them in. Absent where nobody counts them: then all who are let in are taken to come. */
  came?(): number;
}
