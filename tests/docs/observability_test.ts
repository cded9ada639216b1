// docs/observability.md and the dashboard name the metrics that there are, all of them and no other.

import { assert, assertEquals } from "@std/assert";
import { levelOf } from "../../src/telemetry/logging.ts";
import { METRICS } from "../../src/telemetry/opentelemetry.ts";
import { ROOT } from "../../tools/project.ts";

const PAGE = await Deno.readTextFile(`${ROOT}docs/observability.md`);

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number };
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}

/** Names as the SDK's Prometheus exporter writes them, with those that a histogram becomes. */
function exported(): Map<string, string> {
  const names = new Map<string, string>();
  for (const [name, { kind }] of Object.entries(METRICS)) {
    const plain = name.replaceAll(".", "_");
    if (kind === "histogram") {
      for (const part of ["bucket", "count", "sum"]) names.set(`${plain}_${part}`, name);
    } else if (kind.endsWith("counter")) names.set(`${plain}_total`, name);
    else names.set(plain, name);
  }
  return names;
}

/** The metrics that an expression asks for, and the labels that it names. */
function askedBy(expression: string): { metrics: string[]; labels: string[] } {
  const metrics = expression.match(/\b(?:rpc|freshlink)_[a-z_]+(?=[[{\s)]|$)/g) ?? [];
  const labels = [...expression.matchAll(/by \(([^)]*)\)|\{([a-z_]+)[!=~]/g)]
    .flatMap(([, by, label]) => (by ?? label ?? "").split(/,\s*/));
  return { metrics: metrics.filter((name) => !labels.includes(name)), labels };
}

Deno.test("grafana.json: every metric and label in it exists, and every metric is in it", async () => {
  const text = await Deno.readTextFile(`${ROOT}docs/grafana.json`);
  const { panels } = JSON.parse(text) as Dashboard;
  const known = exported();
  const used = new Set<string>();
  for (const { id, targets } of panels) {
    for (const { expr, legendFormat } of targets) {
      const { metrics, labels } = askedBy(expr);
      assertEquals(metrics.length, 1, `${id}: ${expr}`);
      const name = known.get(metrics[0]!);
      assert(name !== undefined, `${id}: there is no ${metrics[0]}`);
      used.add(name);
      const legend = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      const attributes = METRICS[name as keyof typeof METRICS].attributes;
      const names = ["le", ...attributes.map((attribute) => attribute.replaceAll(".", "_"))];
      assertEquals([...labels, ...legend].filter((label) => !names.includes(label)), [], expr);
    }
  }
  assertEquals(Object.keys(METRICS).filter((name) => !used.has(name)), []);
  assertEquals(new Set(panels.map(({ id }) => id)).size, panels.length);
  const places = panels.map(({ gridPos: { x, y } }) => `${x} ${y}`);
  assertEquals(new Set(places).size, panels.length);
});

Deno.test("grafana.json: a metric that is not there is found", () => {
  assertEquals(askedBy("rate(freshlink_nothing_total[5m])").metrics, ["freshlink_nothing_total"]);
  assertEquals(exported().has("freshlink_nothing_total"), false);
  assertEquals(askedBy('sum by (le, rpc_method) (rate(rpc_x_bucket{error_type!=""}[5m]))'), {
    metrics: ["rpc_x_bucket"],
    labels: ["le", "rpc_method", "error_type"],
  });
});

Deno.test("observability.md: its table of metrics is the one in the code", () => {
  const rows = [...PAGE.matchAll(/^\| `([a-z._]+)` +\| ([a-z-]+) +\| `([^`]+)` +\| (.*?) +\|$/gm)]
    .map(([, name, kind, unit, what]) => [name, kind, unit, what]);
  assertEquals(
    rows,
    Object.entries(METRICS).map(([name, row]) => [name, row.kind, row.unit, row.description]),
  );
});

Deno.test("observability.md: the levels are those of the code, and the pictures are there", async () => {
  for (const [type, level] of [["fenced", "error"], ["duplicate", "warn"], ["lost", "info"]]) {
    assertEquals(levelOf({ type } as never), level);
    const line = PAGE.split("\n").find((line) => line.startsWith(`| ${level} `))!;
    assert(line.includes(`\`${type}\``), `${type}: ${line}`);
  }
  const pictures = [...PAGE.matchAll(/\]\((pictures\/[^)]+)\)/g)].map(([, path]) => path!);
  assertEquals(pictures.length, 3);
  for (const path of pictures) {
    const bytes = await Deno.readFile(`${ROOT}docs/${path}`);
    assertEquals([...bytes.slice(1, 4)], [0x50, 0x4e, 0x47], path);
    assert(bytes.length > 10_000, path);
  }
});
