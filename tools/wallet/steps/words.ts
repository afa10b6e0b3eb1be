// Arithmetic on 32-bit words the way XS likes it. XS keeps an integer as an integer only while it
// fits into 32 bits with a sign; anything else becomes a double, and this core has no floating
// point: `>>>` of a negative word costs 490 instructions more than `>>`, and each `| 0` of a double
// 500. All rewritings here give the same words.

import { child, expression, integerOf, type Node, rewrite, text } from "../syntax";

/** `x >>> 7` is `x >> 7 & 0x1ffffff`, for constants from 1 to 31. */
export function signedShifts(root: Node): Node {
  return rewrite(root, (node) => {
    if (node.type !== "BinaryExpression" || node.operator !== ">>>") return undefined;
    const by = integerOf(node.right);
    if (by === undefined || by < 1 || by > 31) return undefined;
    const shift: Node = { ...node, operator: ">>" };
    return binary("&", shift, expression(String(2 ** (32 - by) - 1)));
  });
}

/** In `(a + ((b + c) | 0)) | 0` the inner `| 0` changes nothing: a few words never sum to 2^53. */
export function flatSums(root: Node): Node {
  return rewrite(root, (node) => {
    if (!isTruncation(node)) return undefined;
    return { ...node, left: withoutTruncation(child(node, "left")) };
  });
}

function withoutTruncation(node: Node): Node {
  if (isTruncation(node)) return withoutTruncation(child(node, "left"));
  if (node.type !== "BinaryExpression" || node.operator !== "+") return node;
  return { ...node, left: withoutTruncation(child(node, "left")), right: withoutTruncation(child(node, "right")) };
}

function isTruncation(node: Node): boolean {
  return node.type === "BinaryExpression" && node.operator === "|" && integerOf(node.right) === 0;
}

/** `view.getUint32` gives a double for half of all words; as words `getInt32`'s are the same. */
export function signedReads(root: Node): Node {
  return rewrite(root, (node) => {
    if (node.type !== "MemberExpression" || node.computed === true) return undefined;
    const property = child(node, "property");
    if (text(property, "name") !== "getUint32") return undefined;
    return { ...node, property: { ...property, name: "getInt32" } };
  });
}

/**
 * Ch (FIPS 180-4, 4.1.2) with one operator less: one bit of `(a & b) ^ (~a & c)` is that of
 * `c ^ (a & (b ^ c))`.
 */
export function shorterChoice(root: Node): Node {
  return rewrite(root, (node) => {
    if (node.type !== "BinaryExpression" || node.operator !== "^") return undefined;
    const [left, right] = [child(node, "left"), child(node, "right")];
    const chosen = andOf(left);
    const other = andOf(right);
    if (!chosen || !other || !isNot(other[0], chosen[0])) return undefined;
    return binary("^", other[1], binary("&", chosen[0], binary("^", chosen[1], other[1])));
  });
}

/** Maj with one operator less: `(a & b) ^ (a & c) ^ (b & c)` is `(a & (b ^ c)) ^ (b & c)`. */
export function shorterMajority(root: Node): Node {
  return rewrite(root, (node) => {
    if (node.type !== "BinaryExpression" || node.operator !== "^") return undefined;
    const last = andOf(child(node, "right"));
    const pair = child(node, "left");
    if (!last || pair.type !== "BinaryExpression" || pair.operator !== "^") return undefined;
    const [first, second] = [andOf(child(pair, "left")), andOf(child(pair, "right"))];
    const names = [first, second, last].map((and) => and?.map((one) => one.name).join());
    const [a, b, c] = [first?.[0].name, first?.[1].name, second?.[1].name];
    if (!first || !second || a === undefined || names.join(" ") !== `${a},${b} ${a},${c} ${b},${c}`) return undefined;
    return binary("^", binary("&", first[0], binary("^", first[1], second[1])), child(node, "right"));
  });
}

function andOf(node: Node): [Node, Node] | undefined {
  return node.type === "BinaryExpression" && node.operator === "&"
    ? [child(node, "left"), child(node, "right")]
    : undefined;
}

function isNot(node: Node, of: Node): boolean {
  return (
    node.type === "UnaryExpression" &&
    node.operator === "~" &&
    child(node, "argument").type === "Identifier" &&
    child(node, "argument").name === of.name
  );
}

function binary(operator: string, left: Node, right: Node): Node {
  return { type: "BinaryExpression", operator, left, right };
}
