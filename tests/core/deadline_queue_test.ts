import { assertEquals } from "@std/assert";
import { Deadline, DeadlineQueue } from "../../src/core/time/deadline_queue.ts";
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

Deno.test("DeadlineQueue.expire() fires in the order of the deadlines, across durations", () => {
  const fired: string[] = [];
  const queue = new DeadlineQueue();
  queue.add(new Item("long", fired), 100, 0);
  queue.add(new Item("short", fired), 10, 5);
  queue.add(new Item("longer", fired), 100, 6);
  queue.add(new Item("middle", fired), 40, 6);
  assertEquals(queue.nextMs(), 15);
  queue.expire(14);
  assertEquals(fired, []);
  queue.expire(46);
  assertEquals(fired, ["short", "middle"]);
  assertEquals(queue.nextMs(), 100);
  queue.expire(1_000);
  assertEquals(fired, ["short", "middle", "long", "longer"]);
  assertEquals(queue.nextMs(), Infinity);
  assertEquals(queue.size, 0);
});

Deno.test("DeadlineQueue agrees with a sorted list over random operations and many durations", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const fired: string[] = [];
    const queue = new DeadlineQueue();
    const model = new Map<string, number>();
    const items = Array.from({ length: 60 }, (_, index) => new Item(`${index}`, fired));
    let nowMs = 0;
    for (let step = 0; step < 600; step++) {
      nowMs += random() * 3;
      const item = items[Math.floor(random() * items.length)]!;
      if (random() < 0.6) {
        const durationMs = random() < 0.5 ? 25 : Math.ceil(random() * 40);
        queue.add(item, durationMs, nowMs);
        model.set(item.name, nowMs + durationMs);
      } else if (random() < 0.5) {
        queue.remove(item);
        model.delete(item.name);
      } else {
        fired.length = 0;
        queue.expire(nowMs);
        const due = [...model].filter(([, at]) => at <= nowMs).sort((a, b) => a[1] - b[1]);
        assertEquals(fired, due.map(([name]) => name), `seed ${seed} step ${step}`);
        for (const [name] of due) model.delete(name);
      }
      assertEquals(queue.size, model.size);
      assertEquals(queue.nextMs(), Math.min(Infinity, ...model.values()));
    }
  }
});

Deno.test("DeadlineQueue.expire() lets an item queue itself again", () => {
  const queue = new DeadlineQueue();
  let count = 0;
  class Tick extends Deadline {
    override expire(nowMs: number): void {
      count++;
      queue.add(this, 10, nowMs);
    }
  }
  queue.add(new Tick(), 10, 0);
  for (let nowMs = 0; nowMs <= 100; nowMs += 5) queue.expire(nowMs);
  assertEquals(count, 10);
});
