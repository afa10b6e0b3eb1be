// "mc/config" of a linked image on a desktop. A device has it in flash; here the world gives it at
// boot, which is after linking, so it is looked up when it is read.

import { call } from "./host";

export default new Proxy(Object.freeze({}) as Record<string, unknown>, {
  get: (_target, name) => (call("config").value as Record<string | symbol, unknown>)[name],
});
