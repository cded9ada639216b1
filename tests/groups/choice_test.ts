// Who takes a call: by load, and by key.

import { assert, assertEquals } from "@std/assert";
import {
  type Choosable,
  chooseByKey,
  chooseByLoad,
  Failures,
  hashOf,
} from "../../src/groups/choice.ts";
import { SeededRandom } from "../../src/simulator/mod.ts";

class Member implements Choosable {
  readonly nameHash: number;
  open = 0;
  chosen = 0;
  readonly failures = new Failures();
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    this.nameHash = hashOf(name);
  }

  load(nowMs: number): number {
    return this.open + this.failures.weight(nowMs);
  }
}

function members(count: number): Member[] {
  return Array.from({ length: count }, (_, index) => new Member(`stock/10.0.0.${index}:7000`));
}

Deno.test("chooseByLoad: nobody, one, and of two the one with less to do", () => {
  const random = new SeededRandom(1);
  const draw = () => random.float();
  const [one, two] = members(2) as [Member, Member];
  assertEquals(chooseByLoad([], 0, draw), null);
  assertEquals(chooseByLoad([one], 0, draw), one);
  one.open = 3;
  for (let count = 0; count < 20; count++) assertEquals(chooseByLoad([one, two], 0, draw), two);
});

Deno.test("chooseByLoad: ten members share evenly, and a slow one gets less", () => {
  const random = new SeededRandom(2);
  const group = members(10);
  const ends: [number, Member][] = [];
  for (let nowMs = 0; nowMs < 10_000; nowMs++) {
    for (const [atMs, member] of ends.splice(0)) {
      if (atMs > nowMs) ends.push([atMs, member]);
      else member.open--;
    }
    for (let call = 0; call < 2; call++) {
      const member = chooseByLoad(group, nowMs, () => random.float())!;
      member.open++;
      member.chosen++;
      ends.push([nowMs + (member === group[0] ? 100 : 10), member]);
    }
  }
  const [slow, ...others] = group.map(({ chosen }) => chosen) as [number, ...number[]];
  const [least, most] = [Math.min(...others), Math.max(...others)];
  assert(most < 1.1 * least, `${others}`);
  assert(slow < least / 3, `${slow} of ${others}`);
});

Deno.test("chooseByLoad: whoever fails at once does not draw all", () => {
  const random = new SeededRandom(3);
  const group = members(3);
  const [broken] = group as [Member];
  const ends: [number, Member][] = [];
  let calls = 0;
  for (let nowMs = 0; nowMs < 20_000; nowMs++) {
    for (const [atMs, member] of ends.splice(0)) {
      if (atMs > nowMs) ends.push([atMs, member]);
      else member.open--;
    }
    const member = chooseByLoad(group, nowMs, () => random.float())!;
    calls++;
    member.chosen++;
    if (member === broken) {
      member.failures.add(nowMs);
      continue;
    }
    member.open++;
    ends.push([nowMs + 20, member]);
  }
  // By its open calls alone it would get nearly all of them.
  assert(broken.chosen < calls / 10, `${broken.chosen} of ${calls}`);
  assert(broken.chosen > 5, "it is tried again and again");
});

Deno.test("chooseByKey: shares are even, and only the keys of a member that leaves move", () => {
  const group = members(5);
  const keys = Array.from({ length: 5_000 }, (_, index) => `account ${index}`);
  const before = keys.map((key) => chooseByKey(group, key)!);
  for (const member of group) {
    const share = before.filter((chosen) => chosen === member).length;
    assert(share > 850 && share < 1_150, `${member.name}: ${share}`);
  }
  const [left, ...rest] = group;
  for (const [index, key] of keys.entries()) {
    const after = chooseByKey(rest, key)!;
    if (before[index] !== left) assertEquals(after, before[index]);
  }
  // Whatever the order in which members are known.
  assertEquals(chooseByKey(group.toReversed(), "account 7"), chooseByKey(group, "account 7"));
  assertEquals(chooseByKey([], "account 7"), null);
});

Deno.test("hashOf: the same number in every process", () => {
  assertEquals([hashOf(""), hashOf("stock/10.0.0.1:7000"), hashOf("é")], [
    2_872_998_923,
    2_549_267_418,
    3_136_788_073,
  ]);
});
