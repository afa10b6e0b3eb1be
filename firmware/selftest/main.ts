import { crc32 } from "../../shared/journal/crc32";
import { Host } from "./host";

export default function main(): void {
  Host.writeLine(`crc ${crc32(new Uint8Array([1, 2, 3]))}`);
  Host.writeLine(Host.memory());
}
