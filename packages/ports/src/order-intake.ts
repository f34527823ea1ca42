/** What this process can take of orders, measured where they come in. All are cheap and never throw. */
export interface OrderIntake {
  /** Orders a second that it can take durably: what a waiting room lets in. Asked for at every step, it learns from what was done since. */
  capacity(): number;
  /** Whether more orders come than that, now. */
  isPressed(): boolean;
  /** Whether those whom the waiting room let in are too many already: that others come too tells nothing of them. */
  isPressedByLine(): boolean;
  /** Orders that came so far with a ticket that let them in. Absent where nobody counts them: then all who are let in are taken to come. */
  came?(): number;
}

/** Whose orders are kept out for want of room before they come to a process to be counted. */
export type KeptOut = 'nobody' | 'walk-ins' | 'everybody';
