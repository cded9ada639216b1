/** Says what every call did and how long it took. */

import { type Interceptor, RequestError } from "../../mod.ts";

/** One line for each call, when it has ended. */
export function logging(write: (line: string) => void): Interceptor {
  return async ({ side, kind, peer, service }, next) => {
    const startMs = performance.now();
    const tell = (outcome: string) => {
      const way = side === "calling" ? "to" : "from";
      const tookMs = (performance.now() - startMs).toFixed(1);
      write(`${kind} '${service}' ${way} '${peer}': ${outcome} in ${tookMs} ms`);
    };
    try {
      const answer = await next();
      tell("ok");
      return answer;
    } catch (error) {
      tell(error instanceof RequestError ? `${error.code}, ${error.delivery}` : `${error}`);
      throw error;
    }
  };
}
