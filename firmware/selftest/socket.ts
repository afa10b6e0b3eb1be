// The self-test of a socket's image: BIP143's signature verified and its neighbours refused by its
// own cryptography in flash, then a payment built, and accepted only as the draft says.

import { hexToBytes } from "../../shared/bitcoin/bytes";
import { unsignedHex } from "../../shared/bitcoin/draft";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { checkSigned } from "../../shared/bitcoin/transaction";
import { ChainError } from "../../shared/chain/error";
import type { Hex } from "../../shared/kernel/units";
import { HttpError } from "../../shared/net/http";
import { Fault } from "../../shared/protocol/faults";
import { WireError } from "../../shared/rpc/shapes";
import { XmlRpcError } from "../../shared/rpc/xmlrpc";
import { BIP143, type Check, draftOf } from "./fixture";

/** Errors are made while Error.prototype lies in flash. */
function namesOf(): readonly string[] {
  const errors: readonly Error[] = [
    new Fault("locked-out"),
    new HttpError("malformed", "a test"),
    new XmlRpcError("malformed", "a test"),
    new WireError("field", "one", "another"),
    new ChainError("away", "a test"),
  ];
  return errors.map(({ name }) => name);
}

/** `signed`: the fixture's payment as a cable signed it. */
export default function selfTest(signed: Hex): readonly Check[] {
  const [der, digest, key] = [BIP143.signature, BIP143.digest, BIP143.publicKey].map(hexToBytes) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const draft = draftOf();
  return [
    { name: "verify", holds: ecdsa.verify(der, digest, key) },
    {
      name: "refuse another digest",
      holds: !ecdsa.verify(
        der,
        digest.map((byte) => byte ^ 1),
        key,
      ),
    },
    {
      name: "refuse another key",
      holds: !ecdsa.verify(
        der,
        digest,
        key.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
      ),
    },
    { name: "refuse a malformed signature", holds: !ecdsa.verify(der.subarray(1), digest, key) },
    { name: "build", holds: true, gave: unsignedHex(draft) },
    { name: "credit", holds: checkSigned(draft, signed, ecdsa).ok },
    { name: "refuse by name", holds: namesOf().join() === "Fault,HttpError,XmlRpcError,WireError,ChainError" },
    { name: "refuse another value", holds: !checkSigned({ ...draft, value: draft.value + 1 }, signed, ecdsa).ok },
  ];
}
