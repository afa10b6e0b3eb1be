// A cable announces nothing.

export default function announce(): void {}
