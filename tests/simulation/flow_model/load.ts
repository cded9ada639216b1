/** What the ends of the model are asked to do: calls, notifications and streams, written down short. */

/** An end: an index into `NAMES`. */
export type End = number;

/** How the ends are called. */
export const NAMES = "ABC";

/** Small fits the standing credit as long as some is left; large never does. */
export type Size = "small" | "large";

/** From whom to whom. */
export type Path = `${"A" | "B" | "C"}>${"A" | "B" | "C"}`;

/** A call, and what its handler does before it answers. */
export interface CallPlan {
  readonly kind: "call";
  readonly from: End;
  readonly to: End;
  readonly request: Size;
  readonly answer: Size;
  /** One after the other, by the handler. */
  readonly then: readonly Plan[];
  /** Its caller may give it up at any moment. */
  readonly mayCancel: boolean;
  /** Whose sender stops once it has been granted room. */
  readonly stalls: "request" | "answer" | null;
  /** Its caller registers its handlers only when this call has ended. */
  readonly opensCaller: boolean;
}

/** A notification, and what its handler does. */
export interface NotePlan {
  readonly kind: "note";
  readonly from: End;
  readonly to: End;
  readonly size: Size;
  readonly then: readonly Plan[];
}

/** What a handler or an application does. */
export type Plan = CallPlan | NotePlan;

/** Items from one end to the other, in order. */
export interface StreamPlan {
  readonly from: End;
  readonly to: End;
  readonly items: readonly Size[];
}

/** A consumer: takes an item of a stream (its index), or makes a call, one step after the other. */
export interface ReaderPlan {
  readonly at: End;
  readonly steps: readonly (number | CallPlan)[];
}

/** All that is to be done. */
export interface Load {
  readonly work: readonly Plan[];
  readonly streams?: readonly StreamPlan[];
  readonly readers?: readonly ReaderPlan[];
  /** This end closes, at any moment. */
  readonly closes?: "A" | "B" | "C";
}

/** What a call may be told beside path and sizes. */
interface CallMore {
  readonly then?: readonly Plan[];
  readonly mayCancel?: boolean;
  readonly stalls?: "request" | "answer";
  readonly opensCaller?: boolean;
}

/** How much of credit and room a payload takes. */
export function units(size: Size): number {
  return size === "small" ? 1 : 2;
}

/** A call: `call("A>B", "large/small")`. */
export function call(path: Path, sizes: `${Size}/${Size}`, more: CallMore = {}): CallPlan {
  const [request, answer] = sizes.split("/") as [Size, Size];
  const { then = [], mayCancel = false, stalls = null, opensCaller = false } = more;
  return { kind: "call", ...ends(path), request, answer, then, mayCancel, stalls, opensCaller };
}

/** A notification: `note("A>B", "small")`. */
export function note(path: Path, size: Size, then: readonly Plan[] = []): NotePlan {
  return { kind: "note", ...ends(path), size, then };
}

/** A stream: `stream("A>B", "small", "large")`. */
export function stream(path: Path, ...items: readonly Size[]): StreamPlan {
  return { ...ends(path), items };
}

/** So many times the same. */
export function times(count: number, plan: Plan): Plan[] {
  return Array.from({ length: count }, () => plan);
}

function ends(path: Path): { from: End; to: End } {
  return { from: NAMES.indexOf(path[0]!), to: NAMES.indexOf(path[2]!) };
}
