// What a native socket tells its owner, as a sum (SOCKETS_... in firmware/native/sockets.h).

export const ARRIVED = 1;
export const OPENED = 2;
export const WRITABLE = 4;
export const READABLE = 8;
export const ENDED = 16;
