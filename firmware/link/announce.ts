// A socket on Wi-Fi says where it is: service _plugpay._tcp by multicast DNS (RFC 6762, RFC 6763), host plugpay.local or
// the name that its owner gave it.

import UDP from "embedded:io/socket/udp";
import Dnssd from "embedded:network/dnssd";
import config from "mc/config";
import tell from "plugpay/tell";

export default function announce(): void {
  const host = String(config.hostname);
  const dnssd = new Dnssd({ socket: { io: UDP } });
  // Two sockets with one name: the later one says so; its cables might pay the other.
  const onError = (): void => tell("announce", `the name ${host} is taken`);
  dnssd.claim({ host, onError });
  dnssd.advertise({ serviceType: "_plugpay._tcp", name: host, host, port: Number(config.port) });
}
