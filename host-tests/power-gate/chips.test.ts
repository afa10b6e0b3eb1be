import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { buildProgram, GATE_CORE, SANITIZED } from "../../lab/world/build";
import { Helper } from "../../lab/world/helper";
import { ChipFrames, COEFFICIENT, chipFrame, cycle, type FrameFields } from "../../tools/firmware/chip-frames";

const driver = new Helper(
  buildProgram({
    name: "chips-driver",
    flags: SANITIZED,
    sources: [
      "host-tests/power-gate/chips.c",
      ...GATE_CORE,
      ...["adc-frames", "metering-chips"].flatMap((name) => [`firmware/native/${name}.c`, `firmware/native/${name}.h`]),
    ],
  }),
);
after(() => driver.close());

async function ask(line: string): Promise<number[]> {
  return (await driver.request(line)).filter((word) => word !== "").map(Number);
}

describe("the pulses of a BL0937", () => {
  // Datasheet: 1 mOhm shunt, divider 2351; at 230 V, 10 A, f(CF) = 1721506 x 0.01 x 0.09783 /
  // 1.218^2 = 1135 Hz, f(CFU) = 15397 x 0.09783 / 1.218 = 1236.7 Hz, f(CFI) = 94638 x 0.01 / 1.218
  // = 777 Hz.
  it("become power, voltage and current by the datasheet's formulas, and energy pulse by pulse", async () => {
    assert.equal((await ask("pulse-begin bl0937 1000 2351000 1000000 1000000"))[0], 1);
    let energy = 0;
    let last: number[] = [];
    let selectsVoltage = 1;
    const rests = [0, 0];
    for (let k = 0; k < 160; k++) {
      const cf = whole(rests, 0, 1135.25 / 20);
      const cf1 = whole(rests, 1, (selectsVoltage ? 1236.7 : 777.0) / 20);
      last = await ask(`pulse ${cf} ${cf1} 50000`);
      energy += last[0] ?? 0;
      selectsVoltage = last[5] ?? 0;
    }
    near(last[1], 230_000, 0.003);
    near(last[2], 10_000, 0.003);
    near(last[3], 2_300_000, 0.003);
    near(energy, (2300 * 8 * 1e6) / 3600, 0.001);
  });

  it("are no power when one comes alone", async () => {
    await ask("pulse-begin bl0937 1000 2351000 1000000 1000000");
    let last: number[] = [];
    for (let k = 0; k < 60; k++) last = await ask(`pulse ${k % 20 === 7 ? 1 : 0} 0 50000`);
    assert.equal(last[3], 0);
  });

  it("that stop while current flows are a fault: energy would go uncounted", async () => {
    await ask("pulse-begin bl0937 1000 2351000 1000000 1000000");
    const faults: number[] = [];
    const rests = [0, 0];
    let selectsVoltage = 1;
    for (let k = 0; k < 400; k++) {
      const cf = k < 200 ? whole(rests, 0, 1135.25 / 20) : 0;
      const last = await ask(`pulse ${cf} ${whole(rests, 1, (selectsVoltage ? 1236.7 : 777.0) / 20)} 50000`);
      selectsVoltage = last[5] ?? 0;
      faults.push(last[4] ?? 0);
    }
    const first = faults.indexOf(1);
    assert.ok(first >= 300 && first <= 330, `after ${(first - 200) / 20} s`);
  });

  it("of an HLW8012 count by its own constants: 2.43 V and 3.579 MHz", async () => {
    const [good, energy] = await ask("pulse-begin hlw8012 1000 2351000 1000000 1000000");
    assert.equal(good, 1);
    // 2.43^2 / (48 x 3.579e6 / 128) x 2351 / 0.001 J = 10.344 J
    near(energy, (10.344 / 3600) * 1e9, 0.001);
  });

  it("are refused for a shunt or a divider that cannot be", async () => {
    assert.equal((await ask("pulse-begin bl0937 1 2351000 1000000 1000000"))[0], 0);
    assert.equal((await ask("pulse-begin bl0937 1000 10 1000000 1000000"))[0], 0);
    assert.equal((await ask("pulse-begin bl0937 1000 2351000 0 1000000"))[0], 0);
  });
});

/** Whole pulses of a steady frequency. */
function whole(rests: number[], which: number, pulses: number): number {
  const exact = (rests[which] ?? 0) + pulses;
  rests[which] = exact - Math.floor(exact);
  return Math.floor(exact);
}

describe("the frames of a CSE7766", () => {
  const at230V = {
    voltageCycle: cycle(COEFFICIENT.voltage, 230),
    currentCycle: cycle(COEFFICIENT.current, 5),
    powerCycle: cycle(COEFFICIENT.power, 1150),
  };
  const frame = (fields: FrameFields): Buffer => Buffer.from(chipFrame(fields));

  it("give voltage, current and power from coefficient and cycle", async () => {
    const [, volts, amperes, watts, fault] = await ask(`serial ${frame({ ...at230V, pulses: 100 }).toString("hex")}`);
    near(volts, 230_000, 0.002);
    near(amperes, 5000, 0.002);
    near(watts, 1_150_000, 0.002);
    assert.equal(fault, 0);
  });

  it("give energy from the pulse counter, across its wrap", async () => {
    await ask(`serial ${frame({ ...at230V, pulses: 65_530 }).toString("hex")}`);
    const [energy] = await ask(`serial ${frame({ ...at230V, pulses: 14 }).toString("hex")}`);
    near(energy, (20 * COEFFICIENT.power) / 3600, 0.001); // 20 pulses of 5.23 J
  });

  it("are found again after noise, half a frame and a wrong checksum", async () => {
    const good = frame({ ...at230V, pulses: 14 });
    const torn = Buffer.from(good);
    torn[7] = (torn[7] as number) ^ 1;
    assert.deepEqual(await driver.request(`serial ${torn.toString("hex")}`), ["none"]);
    const noise = Buffer.concat([Buffer.from("00ff5a5555", "hex"), good.subarray(0, 11), good]);
    await ask(`serial ${noise.toString("hex")}`);
    const [, volts] = await ask(`serial ${good.toString("hex")}`);
    near(volts, 230_000, 0.002);
  });

  it("say when the load is below the range, and when the chip was never calibrated", async () => {
    const idle = await ask(`serial ${frame({ ...at230V, head: 0xf2, pulses: 14 }).toString("hex")}`);
    assert.deepEqual(idle.slice(2, 4), [0, 0]);
    const blank = await ask(`serial ${frame({ ...at230V, head: 0xaa, pulses: 14 }).toString("hex")}`);
    assert.equal(blank[4], 1);
  });
});

describe("a gate behind a metering chip", () => {
  it("keeps lease and limits by the same rules", async () => {
    await driver.request("gate-begin");
    await driver.request("report 10 0 230000 0 0 0");
    assert.deepEqual(await driver.request("grant 1000000 16000"), ["ok"]);
    const [, closed] = await driver.request("report 1 0 230000 0 0 0");
    assert.equal(closed, "1");
    // 2300 W for 50 ms are 31 944 uWh: the lease ends with the 32nd report.
    assert.deepEqual(await driver.request("report 31 31944 230000 10000 2300000 0"), [String(31 * 31_944), "1"]);
    assert.deepEqual(await driver.request("report 1 31944 230000 10000 2300000 0"), [
      String(32 * 31_944),
      "0",
      "lease-used",
    ]);
  });

  it("trips on over-current, over-voltage, a welded relay and a chip that says it is broken", async () => {
    const cases = [
      ["report 2 0 230000 32000 7360000 0", "over-current"],
      ["report 6 0 280000 1000 280000 0", "over-voltage"],
      ["report 2 0 230000 0 0 1", "sensor-fault"],
    ] as const;
    for (const [report, cause] of cases) {
      await driver.request("gate-begin");
      await driver.request("report 10 0 230000 0 0 0");
      await driver.request("grant 100000000 16000");
      await driver.request("report 10 0 230000 0 0 0");
      assert.ok((await driver.request(report)).includes(cause), cause);
    }
    await driver.request("gate-begin");
    await driver.request("report 10 0 230000 0 0 0");
    assert.ok((await driver.request("report 40 1000 230000 500 115000 0")).includes("relay-welded"));
  });

  it("takes energy of a time whose reports were lost for no leak of the relay that opened meanwhile, and what flows on for one", async () => {
    for (const [kept, flow, isWelded] of [
      [0, "report 60 0 230000 0 0 0", false],
      // What the port had kept comes at once, each with energy of the time before the relay opened.
      [10, "report 60 0 230000 0 0 0", false],
      [0, "report 60 35000 230000 10000 2300000 0", true],
    ] as const) {
      await driver.request("gate-begin");
      await driver.request("report 10 0 230000 0 0 0");
      await driver.request("grant 100000000 16000");
      const [, closed] = await driver.request("report 1 0 230000 0 0 0");
      assert.equal(closed, "1");
      await driver.request("report 20 32000 230000 10000 2300000 0");
      assert.deepEqual(await driver.request("quiet 600"), ["samples-lost"]);
      const late = await driver.request(`burst ${kept + 1} ${380_000 / (kept + 1)} 230000 10000 2300000 0`);
      assert.ok(!late.includes("relay-welded"), late.join());
      assert.equal((await driver.request(flow)).includes("relay-welded"), isWelded, flow);
    }
  });

  it("does not count energy that cannot have flowed, and takes it for a broken sensor", async () => {
    await driver.request("gate-begin");
    await driver.request("report 10 0 230000 0 0 0");
    await driver.request("grant 100000000000 16000");
    await driver.request("report 10 50000 230000 16000 3680000 0");
    const [before] = await driver.request("report 1 0 230000 0 0 0");
    const [after, ...events] = await driver.request("report 1 90000000 230000 16000 3680000 0");
    assert.equal(after, before);
    assert.ok(events.includes("sensor-fault"), events.join());
  });
});

describe("a gate behind a chip that speaks", () => {
  const idle = Buffer.from(new ChipFrames().next({ volts: 230, watts: 0 }, 0.05)).toString("hex");

  async function start(): Promise<void> {
    await driver.request(`serial ${idle}`); // the counter's first value
    await driver.request("gate-begin");
    await driver.request(`frames-run ${idle} 10 56 0 1`);
    assert.deepEqual(await driver.request("grant 1000000 16000"), ["ok"]);
  }

  it("keeps its lease at any period that the chip may have, through damaged frames, two in a row", async () => {
    // At 4800 baud a frame of 24 bytes takes 55 ms.
    for (const period of [56, 60, 79, 90, 100]) {
      await start();
      assert.deepEqual(await driver.request(`frames-run ${idle} 200 ${period} 0 1`), [""], `${period} ms`);
      assert.deepEqual(await driver.request(`frames-run ${idle} 200 ${period} 1 5`), [""], `${period} ms`);
    }
    await start();
    assert.deepEqual(await driver.request(`frames-run ${idle} 200 79 2 10`), [""]);
  });

  it("loses it when the chip is silent, within 320 ms", async () => {
    await start();
    assert.deepEqual(await driver.request("quiet 300"), [""]);
    assert.deepEqual(await driver.request("quiet 20"), ["samples-lost"]);
    assert.equal((await ask("reading"))[0], 0);
  });
});

describe("a gate behind a chip that gives pulses", () => {
  interface Told {
    readonly total: number;
    readonly closed: boolean;
    readonly voltage: number;
    readonly current: number;
    readonly power: number;
    readonly events: readonly string[];
  }

  async function start(chip: string, selInverted = 0): Promise<void> {
    await driver.request(`pulse-begin ${chip} 1000 2351000 1000000 1000000 ${selInverted}`);
    await driver.request("gate-begin");
    await board(12, "230 0 0");
  }

  /** `load`: V, A and W; `noise`: pulses of CF, each so many seconds. */
  async function board(seconds: number, load: string, noise = "0 1", inverts = 0): Promise<Told> {
    const words = await driver.request(`board ${seconds} ${load} ${noise} ${inverts}`);
    const [total = 0, closed = 0, voltage = 0, current = 0, power = 0] = words.slice(0, 5).map(Number);
    return { total, closed: closed === 1, voltage, current, power, events: words.slice(5) };
  }

  for (const chip of ["bl0937", "hlw8012"]) {
    it(`(${chip}) takes bursts of two and three pulses without a current for noise: no welded relay, no energy`, async () => {
      for (const noise of ["2 100", "3 100", "2 11", "3 30"]) {
        await start(chip);
        const { total, events } = await board(600, "230 0 0", noise);
        assert.deepEqual([total, events], [0, []], noise);
      }
    });

    it(`(${chip}) counts nothing of one pulse in ten seconds, and a standby lease is not used up by it`, async () => {
      await start(chip);
      assert.deepEqual(await driver.request("grant 50000 16000"), ["ok"]);
      const { total, closed, events } = await board(1800, "230 0 0", "1 10");
      assert.deepEqual([total, closed, events], [0, true, []]);
    });

    it(`(${chip}) takes an opening under load for what it is, though the chip tells of it late`, async () => {
      await start(chip);
      for (const load of ["230 10 2300", "230 0.4 92"]) {
        for (let k = 0; k < 10; k++) {
          await driver.request("grant 100000000000 16000");
          assert.deepEqual((await board(20 + k, load)).closed, true);
          await driver.request("revoke");
          assert.deepEqual((await board(10, "230 0 0")).events, [], load);
        }
      }
    });

    it(`(${chip}) counts a small load and a large one, all but the first seconds of the small`, async () => {
      await start(chip);
      await driver.request("grant 100000000000 16000");
      const small = (await board(3600, "230 0.03 6")).total;
      assert.ok(small >= 5.95e6 && small <= 6e6, `${small} uWh`);
      near((await board(60, "230 10 2300")).total - small, (2300 / 60) * 1e6, 0.001);
    });

    it(`(${chip}) finds a welded relay: a large load at once, a small one within half a minute`, async () => {
      await start(chip);
      assert.ok((await board(6, "230 10 2300")).events.includes("relay-welded"));
      await start(chip);
      assert.ok((await board(30, "230 0.04 9.2")).events.includes("relay-welded"));
    });
  }

  it("ends a lease that a load uses up before the chip has told of its current", async () => {
    await start("bl0937");
    await driver.request("grant 500000 16000");
    const { current, closed, events } = await board(1, "230 10 2300"); // 0.78 s are half a Wh
    assert.deepEqual([current, closed, events], [0, false, ["lease-used"]]);
  });

  it("reads a board whose SEL is inverted once the option says so", async () => {
    const load = "230 5 1150";
    await start("bl0937");
    const mixed = await board(12, load, "0 1", 1);
    near(mixed.voltage, 72_000, 0.03);
    near(mixed.current, 15_900, 0.03);
    await start("bl0937", 1);
    const right = await board(12, load, "0 1", 1);
    near(right.voltage, 230_000, 0.003);
    near(right.current, 5000, 0.003);
  });
});

describe("a gate whose converter does not keep its nominal rate", () => {
  /** Energy counted over true energy, from the third second on. */
  async function ratio(periodNs: number, skip: number): Promise<{ ratio: number; events: string[] }> {
    await driver.request("gate-begin");
    await driver.request("grant 1000000000000 16000");
    const [total = "", now = ""] = await driver.request(`feed 6000 ${periodNs} ${skip}`);
    const [later = "", then = "", ...events] = await driver.request(`feed 20000 ${periodNs} ${skip}`);
    const truth = (2300 * (Number(then) - Number(now))) / 3600;
    return { ratio: (Number(later) - Number(total)) / truth, events };
  }

  it("counts true energy all the same: four fifths as the ESP32's, a third fast, and with one block in 53 lost", async () => {
    const exact = (await ratio(250_000, 0)).ratio;
    near(exact, 1, 0.002);
    for (const [periodNs, skip] of [
      [260_000, 0],
      [312_500, 0],
      [187_500, 0],
      [250_000, 53], // not a whole number of half-waves, or always the same phase would be lost
    ] as const) {
      const { ratio: measured, events } = await ratio(periodNs, skip);
      near(measured, exact, 0.002);
      assert.deepEqual(events, []);
    }
  });

  it("derives all periods from the rate that it measured: readings, delay of the voltage, time to a trip", async () => {
    for (const periodNs of [250_000, 312_500, 187_500]) {
      await driver.request("gate-begin phase=-60000");
      await driver.request("grant 1000000000000 16000");
      await driver.request(`feed 6000 ${periodNs} 0 60`);
      const [closed, frequency, power, reactive, voltage] = await ask("reading");
      assert.equal(closed, 1);
      near(frequency, 50_000, 0.001);
      near(voltage, 230_000, 0.002);
      near(power, 2_300_000, 0.002);
      assert.ok(Math.abs(reactive ?? 1e9) < 2_300_000 * 0.002, `${periodNs} ns: ${reactive} mvar`);
      // 24 A: 0.2 s / (1.5^2 - 1)^3 = 102 ms.
      const { cause, ms } = await tripsAfter(periodNs, 2.4);
      assert.ok(cause === "over-current" && ms >= 100 && ms <= 120, `${cause} after ${ms} ms`);
    }
  });

  /** Feeds `times` 10 A in pieces of ten milliseconds until something happens. */
  async function tripsAfter(periodNs: number, times: number): Promise<{ cause: string | undefined; ms: number }> {
    const blocks = Math.round(10e6 / (4 * periodNs));
    for (let k = 1; k <= 100; k++) {
      const [, , cause] = await driver.request(`feed ${blocks} ${periodNs} 0 60 ${times}`);
      if (cause) return { cause, ms: 10 * k };
    }
    return { cause: undefined, ms: 1000 };
  }

  it("does not close before it knows the rate, and not at all at less than three fifths of what was asked", async () => {
    await driver.request("gate-begin minimumOff=0");
    await driver.request("grant 1000000000000 16000");
    await driver.request("feed 190 250000 0"); // 190 ms
    assert.equal((await ask("reading"))[0], 0);
    await driver.request("feed 30 250000 0");
    assert.equal((await ask("reading"))[0], 1);
    await driver.request("gate-begin minimumOff=0");
    await driver.request("grant 1000000000000 16000");
    const [, , ...events] = await driver.request("feed 6000 430000 0");
    assert.deepEqual(events, ["samples-lost"]);
    assert.equal((await ask("reading"))[0], 0);
  });

  it("takes a rate that changes by 15 % for lost samples, once, and measures it anew", async () => {
    await driver.request("gate-begin");
    await driver.request("grant 1000000000000 16000");
    // Two watts: what flows on here when the relay opens would otherwise be another trip.
    assert.deepEqual((await driver.request("feed 6000 250000 0 0 0.001")).slice(2), []);
    assert.deepEqual((await driver.request("feed 6000 290000 0 0 0.001")).slice(2), ["samples-lost"]);
    await driver.request("clear");
    await driver.request("grant 1000000000000 16000");
    assert.deepEqual((await driver.request("feed 6000 290000 0 0 0.001")).slice(2), []);
    assert.equal((await ask("reading"))[0], 1);
  });
});

describe("the converter's DMA frames", () => {
  const wide = (channel: number, data: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(data | (channel << 13));
    return bytes;
  };
  const narrow = (channel: number, data: number): Buffer => {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(data | (channel << 12));
    return bytes;
  };

  for (const [name, word, format] of [
    ["4-byte", wide, 1],
    ["2-byte", narrow, 0],
  ] as const) {
    it(`of ${name} words are sorted by channel, eight conversions to a sample`, async () => {
      await driver.request(`frames-begin ${format} 0 3`);
      const words = Array.from({ length: 8 }, (_, k) => [word(0, 100 + k), word(3, 4095)]).flat();
      const bytes = Buffer.concat(words);
      assert.deepEqual(await driver.request(`frames 8 ${bytes.toString("hex")}`), [
        String(bytes.length),
        "0",
        `${8 * 100 + 28}:${8 * 4095}`,
      ]);
    });
  }

  it("may be cut anywhere between words, and words of other channels are skipped", async () => {
    await driver.request("frames-begin 1 0 3");
    const words = Array.from({ length: 8 }, () => [wide(0, 10), wide(7, 999), wide(3, 20)]).flat();
    const first = Buffer.concat(words.slice(0, 13)).toString("hex");
    assert.deepEqual(await driver.request(`frames 8 ${first}`), ["52", "0"]);
    const rest = Buffer.concat(words.slice(13)).toString("hex");
    assert.deepEqual(await driver.request(`frames 8 ${rest}`), ["44", "0", "80:160"]);
  });

  it("that lost one channel's conversions are dropped and counted, not mixed", async () => {
    await driver.request("frames-begin 1 0 3");
    const lonely = Buffer.concat(Array.from({ length: 9 }, () => wide(0, 4000)));
    assert.deepEqual(await driver.request(`frames 8 ${lonely.toString("hex")}`), ["36", "1"]);
  });
});

function near(value: number | undefined, expected: number, tolerance: number): void {
  assert.ok(value !== undefined && Math.abs(value / expected - 1) <= tolerance, `expected ${expected}, got ${value}`);
}

describe("the frames that an emulated board is fed", () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

  it("are what the firmware reads as voltage, current, power and energy, also across the counter's wrap", async () => {
    const frames = new ChipFrames();
    await ask(`serial ${hex(frames.next({ volts: 230, watts: 2000 }, 0.05))}`);
    let energy = 0;
    let last: number[] = [];
    // 65,536 pulses are 171 kJ: 86 s at 2 kW.
    for (let k = 0; k < 2000; k++) {
      last = await ask(`serial ${hex(frames.next({ volts: 230, watts: 2000 }, 0.05))}`);
      energy += last[0] ?? 0;
    }
    near(last[1], 230_000, 0.002);
    near(last[2], 8_696, 0.002);
    near(last[3], 2_000_000, 0.002);
    near(energy, (2000 * 100 * 1e6) / 3600, 0.001);
    assert.equal(last[4], 0);
  });

  it("tell of mains without a load, and of none at all", async () => {
    const frames = new ChipFrames();
    const idle = await ask(`serial ${hex(frames.next({ volts: 230, watts: 0 }, 0.05))}`);
    near(idle[1], 230_000, 0.002);
    assert.deepEqual(idle.slice(2), [0, 0, 0]);
    const dark = await ask(`serial ${hex(frames.next({ volts: 0, watts: 0 }, 0.05))}`);
    assert.deepEqual(dark.slice(1), [0, 0, 0, 0]);
  });
});
