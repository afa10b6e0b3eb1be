/** What tools/bench/requests.ts puts in: a name and the text of a request. */
declare module "hostile-requests" {
  const texts: readonly (readonly [name: string, text: string])[];
  export default texts;
}
