import { assertEquals } from "@std/assert";
import { Deadline, DeadlineHeap } from "../../src/core/time/deadline_heap.ts";
import { seededRandom } from "../support/bytes.ts";

class Item extends Deadline {
  readonly name: string;
  readonly #fired: string[];
  constructor(name: string, fired: string[]) {
    super();
    this.name = name;
    this.#fired = fired;
  }

  override expire(): void {
    this.#fired.push(this.name);
  }
}

Deno.test("DeadlineHeap.expire() fires in the order of the deadlines, across durations", () => {
  const fired: string[] = [];
  const heap = new DeadlineHeap();
  heap.add(new Item("long", fired), 100, 0);
  heap.add(new Item("short", fired), 10, 5);
  heap.add(new Item("longer", fired), 100, 6);
  heap.add(new Item("middle", fired), 40, 6);
  assertEquals(heap.nextMs(), 15);
  heap.expire(14);
  assertEquals(fired, []);
  heap.expire(46);
  assertEquals(fired, ["short", "middle"]);
  assertEquals(heap.nextMs(), 100);
  heap.expire(1_000);
  assertEquals(fired, ["short", "middle", "long", "longer"]);
  assertEquals(heap.nextMs(), Infinity);
  assertEquals(heap.size, 0);
});

Deno.test("DeadlineHeap agrees with a sorted list over random operations and many durations", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const fired: string[] = [];
    const heap = new DeadlineHeap();
    const model = new Map<string, number>();
    const items = Array.from(
      { length: seed % 2 === 0 ? 60 : 500 },
      (_, index) => new Item(`${index}`, fired),
    );
    let nowMs = 0;
    for (let step = 0; step < 1_500; step++) {
      nowMs += random() * (seed % 2 === 0 ? 3 : 0.1);
      const item = items[Math.floor(random() * items.length)]!;
      if (random() < 0.6) {
        const durationMs = random() < 0.5 ? 25 : Math.ceil(random() * 40);
        heap.add(item, durationMs, nowMs);
        model.set(item.name, nowMs + durationMs);
      } else if (random() < 0.5) {
        heap.remove(item);
        model.delete(item.name);
      } else {
        fired.length = 0;
        heap.expire(nowMs);
        const due = [...model].filter(([, at]) => at <= nowMs).sort((a, b) => a[1] - b[1]);
        assertEquals(fired, due.map(([name]) => name), `seed ${seed} step ${step}`);
        for (const [name] of due) model.delete(name);
      }
      assertEquals(heap.size, model.size);
      assertEquals(heap.nextMs(), Math.min(Infinity, ...model.values()));
    }
  }
});

Deno.test("DeadlineHeap.endTurn() postpones what this turn has armed, and nothing else", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const fired: string[] = [];
    const heap = new DeadlineHeap();
    const dueMs = new Map<string, number>();
    for (let turn = 0; turn < 10; turn++) {
      const delayMs = turn % 3 * 7;
      for (let index = 0; index < 30; index++) {
        const item = new Item(`${turn} ${index}`, fired);
        const durationMs = Math.ceil(random() * 40);
        heap.add(item, durationMs, turn * 10);
        if (random() < 0.2) heap.remove(item);
        else dueMs.set(item.name, turn * 10 + durationMs + delayMs);
      }
      assertEquals(heap.armedInTurn, true);
      heap.endTurn(delayMs);
      assertEquals(heap.armedInTurn, false);
      assertEquals(heap.nextMs(), Math.min(...dueMs.values()));
    }
    for (let nowMs = 0; heap.size > 0; nowMs++) {
      fired.length = 0;
      heap.expire(nowMs);
      const due = [...dueMs].filter(([, atMs]) => atMs === nowMs).map(([name]) => name);
      assertEquals(fired.toSorted(), due.toSorted(), `seed ${seed} at ${nowMs}`);
    }
  }
});

Deno.test("DeadlineHeap.expire() lets an item queue itself again", () => {
  const heap = new DeadlineHeap();
  let count = 0;
  class Tick extends Deadline {
    override expire(nowMs: number): void {
      count++;
      heap.add(this, 10, nowMs);
    }
  }
  heap.add(new Tick(), 10, 0);
  for (let nowMs = 0; nowMs <= 100; nowMs += 5) heap.expire(nowMs);
  assertEquals(count, 10);
});
