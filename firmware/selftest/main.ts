import { crc32 } from "../../shared/journal/crc32";
import { memory, writeLine } from "./host";

export default function main(): void {
  writeLine(`crc ${crc32(new Uint8Array([1, 2, 3]))}`);
  writeLine(memory());
}
