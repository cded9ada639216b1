/**
 * What may be called.
 *
 * @module
 */

const encoder = new TextEncoder();

/** @throws {TypeError} When the name is not 1 to 255 bytes of UTF-8. */
export function checkServiceName(service: string): void {
  const bytes = service.length > 85 ? encoder.encode(service).length : service.length;
  if (bytes >= 1 && bytes <= 255) return;
  throw new TypeError(`Cannot use a service name of ${bytes} bytes: 1 to 255 fit`);
}
