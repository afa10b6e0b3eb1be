// The module "socketmbedtls" on a device: a TLS client over ESP-IDF's esp-tls (tls-esp32.c), with
// the face of the SDK's.

export interface TlsOptions {
  readonly host: string;
  readonly port: number;
  /** The only root that the server's certificate may lead to, in PEM. */
  readonly certificate: string;
}

export class SocketTLS extends Native("plugpay_tls_destructor") {
  /**
   * 1 connected, 2 data to read, 3 data sent (value: room for more); -1 closed, -2 failed (value:
   * why).
   */
  declare callback: (message: number, value: number) => void;

  constructor(options: TlsOptions) {
    super();
    native("plugpay_tls").call(this, options);
  }

  read(): ArrayBuffer | undefined {
    return native("plugpay_tls_read").call(this) as ArrayBuffer | undefined;
  }

  write(data?: ArrayBuffer): number {
    return native("plugpay_tls_write").call(this, data) as number;
  }

  close(): void {
    native("plugpay_tls_close").call(this);
  }
}
