// Stands in for "embedded:storage/key-value" (on a device NVS: each write commits, and is atomic).

import { bytesOf, call } from "./host";

type Format = "buffer";

class Storage {
  readonly format: Format = "buffer";
  constructor(private readonly path: string) {}

  read(key: string): ArrayBuffer | undefined {
    const reply = call("store.read", { key: this.name(key) });
    return reply.value.found ? reply.bytes : undefined;
  }

  write(key: string, value: ArrayBuffer | ArrayBufferView): void {
    call("store.write", { key: this.name(key) }, bytesOf(value));
  }

  delete(key: string): void {
    call("store.remove", { key: this.name(key) });
  }

  close(): void {}

  private name(key: string): string {
    if (key.length > 15) throw new Error("ESP_ERR_NVS_KEY_TOO_LONG");
    return `${this.path}/${key}`;
  }
}

export default Object.freeze({
  open({ path, format = "buffer" }: { path: string; format?: string; mode?: string }): Storage {
    if (!path) throw new Error("no path");
    if (format !== "buffer") throw new RangeError("unsupported");
    return new Storage(path);
  },
});
