import { assert, assertEquals } from "@std/assert";
import { SmallList } from "../../src/core/link/small_list.ts";

Deno.test("SmallList finds by id, keeps the order, and deletes once", () => {
  const few = new SmallList<{ readonly id: number }>();
  assertEquals(few.get(1), undefined);
  assertEquals(few.delete(1), false);
  for (const id of [3, 1, 2]) few.add({ id });
  assertEquals(few.all.map(({ id }) => id), [3, 1, 2]);
  assertEquals(few.get(1), { id: 1 });
  assert(few.delete(1));
  assertEquals(few.delete(1), false);
  assertEquals(few.get(1), undefined);
  assertEquals(few.all.map(({ id }) => id), [3, 2]);
});

Deno.test("what SmallList hands out stays as it is while items come and go", () => {
  const few = new SmallList<{ readonly id: number }>();
  few.add({ id: 1 });
  few.add({ id: 2 });
  const before = few.all;
  few.add({ id: 3 });
  const after = few.all;
  few.delete(1);
  assertEquals(before.map(({ id }) => id), [1, 2]);
  assertEquals(after.map(({ id }) => id), [1, 2, 3]);
  assertEquals(few.all.map(({ id }) => id), [2, 3]);
});
