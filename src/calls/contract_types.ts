/**
 * What the compiler makes of a contract. Types only.
 *
 * A contract is an interface whose methods are services: what the first parameter takes is the
 * payload, what is returned (or promised) is the answer. Right code is accepted: no payload, an
 * optional one, overloads (up to four), generic methods. Wrong code is not: another payload, and
 * whatever JSON would change on its way, where JSON carries it.
 *
 * @module
 */

import type { Codec } from "../codec.ts";
import type { HandlerContext } from "./call_context.ts";

/** What carries a contract's payloads: JSON, or a codec that may carry anything. */
export type Encoding = "json" | "any";

/** An option that says that JSON does not carry this call. */
export interface OtherCodec {
  /** How payload and answer are encoded. */
  readonly codec: "bytes" | Codec;
}

/** The names of a contract's services. */
export type ServiceOf<Contract> =
  & {
    [Name in keyof Contract]-?: Contract[Name] extends (...payload: never[]) => unknown
      ? IsStream<Contract[Name]> extends true ? never : Name
      : never;
  }[keyof Contract]
  & string;

/** The names of a contract's streams: methods that return an async iterable. */
export type StreamOf<Contract> =
  & { [Name in keyof Contract]-?: IsStream<Contract[Name]> extends true ? Name : never }[
    keyof Contract
  ]
  & string;

/** Whether a method answers with items. */
export type IsStream<Method> = Method extends (...payload: never[]) => infer Answer
  ? unknown extends Answer ? false
  : [Answer] extends [never] ? false
  : [Answer] extends [AsyncIterable<unknown>] ? true
  : false
  : false;

/** The items that a stream answers with. */
export type ItemOf<Method> = Method extends (...payload: never[]) => AsyncIterable<infer Item>
  ? Item
  : never;

/** What stands after a stream's name. */
export type StreamArguments<Method, Carrier extends Encoding, Options> = ArgumentsFor<
  PayloadOf<Method>,
  ItemOf<Method>,
  Carrier,
  Options
>;

/** A handler as a contract's stream wants it: an async generator, as a rule. */
export type StreamHandlerOf<Method, Carrier extends Encoding = "json"> = IsCarried<
  Carrier,
  PayloadOf<Method>,
  ItemOf<Method>
> extends true ? (
    payload: PayloadOf<Method>,
    context: HandlerContext,
  ) => AsyncIterable<ItemOf<Method>> | Iterable<ItemOf<Method>>
  : NotJson;

/** What a codec carries of a sequence: its items, one by one. */
export type ItemsOrValue<Type> = unknown extends Type ? Type
  : Type extends AsyncIterable<infer Item> ? Item
  : Type;

/** What a service takes. The method may be the handler itself, with its second parameter. */
export type PayloadOf<Method> = FirstParameter<OverloadParameters<ServiceOverloads<Method>>>;

/** What a service answers. */
export type ResultOf<Method> = Awaited<OverloadAnswer<ServiceOverloads<Method>>>;

/** What a service answers to a payload: with overloads, what the first fitting one returns. */
export type AnswerOf<Method, Payload> = IsUnion<ServiceOverloads<Method>> extends true
  ? Awaited<AnswerToPayload<ServiceOverloads<Method>, Payload>>
  : ResultOf<Method>;

/** A handler as a contract's method wants it. */
export type HandlerOf<Method, Carrier extends Encoding = "json"> = IsCarried<
  Carrier,
  PayloadOf<Method>,
  ResultOf<Method>
> extends true ? (
    payload: PayloadOf<Method>,
    context: HandlerContext,
  ) => ResultOf<Method> | Promise<ResultOf<Method>>
  : NotJson;

/** Stands where a payload or an answer would be another value after JSON. */
export type NotJson = "JSON changes this payload or this answer: use another codec or type";

/** What stands after the service's name. */
export type CallArguments<Method, Payload, Carrier extends Encoding, Options> =
  IsUnion<ServiceOverloads<Method>> extends true
    ? ArgumentsFor<Payload, ResultOf<Method>, Carrier, Options>
    : ArgumentsFor<PayloadOf<Method>, ResultOf<Method>, Carrier, Options>;

/** The same for one payload type. */
export type ArgumentsFor<Payload, Result, Carrier extends Encoding, Options> = IsCarried<
  Carrier,
  Payload,
  Result
> extends true ? CallTuple<Payload, Options>
  : [problem: NotJson] | CallTupleWithCodec<Payload, Options>;

/** Payload and options; both may be left out where there need be no payload. */
export type CallTuple<Payload, Options> = [undefined] extends [Payload]
  ? [payload?: Payload, options?: Options]
  : [payload: Payload, options?: Options];

/** The same with another codec. */
export type CallTupleWithCodec<Payload, Options> = [
  payload: Payload,
  options: Options & OtherCodec,
];

/** Whether payload and answer arrive as they are sent. */
export type IsCarried<Carrier extends Encoding, Payload, Result> = Carrier extends "any" ? true
  : [IsJson<ItemsOrValue<Payload>>, IsJson<Result>] extends [true, true] ? true
  : false;

/** A signature, taken apart. */
export interface ServiceSignature<Parameters, Answer> {
  /** What it takes. */
  readonly parameters: Parameters;
  /** What it answers. */
  readonly answer: Answer;
}

/**
 * The signatures of a method, as a union. The compiler fills patterns from the last one on; what it
 * puts into the place of those that are not there is left out.
 */
export type ServiceOverloads<Method> = Method extends {
  (...parameters: infer P1): infer R1;
  (...parameters: infer P2): infer R2;
  (...parameters: infer P3): infer R3;
  (...parameters: infer P4): infer R4;
} ?
    | KnownSignature<P1, R1>
    | KnownSignature<P2, R2>
    | KnownSignature<P3, R3>
    | KnownSignature<P4, R4>
  : Method extends {
    (...parameters: infer P1): infer R1;
    (...parameters: infer P2): infer R2;
    (...parameters: infer P3): infer R3;
  } ? KnownSignature<P1, R1> | KnownSignature<P2, R2> | KnownSignature<P3, R3>
  : Method extends {
    (...parameters: infer P1): infer R1;
    (...parameters: infer P2): infer R2;
  } ? KnownSignature<P1, R1> | KnownSignature<P2, R2>
  : Method extends (...parameters: infer P1) => infer R1 ? ServiceSignature<P1, R1>
  : never;

/** A signature; nothing where the compiler only filled a place. */
export type KnownSignature<Parameters, Answer> = unknown[] extends Parameters ? never
  : ServiceSignature<Parameters, Answer>;

/** What signatures take. */
export type OverloadParameters<Signatures> = Signatures extends
  ServiceSignature<infer Parameters, unknown> ? Parameters
  : never;

/** What signatures answer. */
export type OverloadAnswer<Signatures> = Signatures extends ServiceSignature<unknown, infer Answer>
  ? Answer
  : never;

/** What the fitting ones of signatures answer. */
export type AnswerToPayload<Signatures, Payload> = Signatures extends
  ServiceSignature<infer Parameters, infer Answer>
  ? [Payload] extends [FirstParameter<Parameters>] ? Answer : never
  : never;

/** The first parameter; `undefined` where there is none. */
export type FirstParameter<Parameters> = Parameters extends readonly [] ? undefined
  : Parameters extends readonly [infer Payload, ...unknown[]] ? VoidAsUndefined<Payload>
  : Parameters extends readonly [(infer Payload)?, ...unknown[]]
    ? VoidAsUndefined<Payload> | undefined
  : never;

/** What is taken by nobody is not given. */
export type VoidAsUndefined<Payload> = Payload extends void ? undefined : Payload;

/** Whether there is more than one. */
export type IsUnion<Type, All = Type> = [Type] extends [never] ? false
  : Type extends unknown ? ([All] extends [Type] ? false : true)
  : never;

/** Whether a value is the same after JSON; at the top there may be nothing. */
export type IsJson<Type> = unknown extends Type ? true
  : [Type] extends [JsonOf<Exclude<Type, undefined | void>> | undefined | void] ? true
  : false;

/** The type with `never` wherever JSON would change a value. */
export type JsonOf<Type> = unknown extends Type ? Type
  : Type extends string | number | boolean | null ? Type
  : Type extends bigint | symbol | undefined | ((...parameters: never[]) => unknown) ? never
  : Type extends readonly unknown[] ? { [Index in keyof Type]: JsonOf<Type[Index]> }
  : { [Key in keyof Type]: Key extends string | number ? JsonMemberOf<Type[Key]> : never };

/** A member of an object may be left out: JSON leaves out what is undefined. */
export type JsonMemberOf<Type> = unknown extends Type ? Type
  : Type extends undefined ? undefined
  : JsonOf<Type>;
