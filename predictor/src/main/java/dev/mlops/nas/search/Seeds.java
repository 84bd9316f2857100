package dev.mlops.nas.search;

import java.util.SplittableRandom;

/** Derives independent streams of random numbers from the experiment's seed and what they are for. */
final class Seeds {
    /** A stream for one use, such as one trial's proposal. */
    static SplittableRandom stream(long seed, String use, long index) {
        return new SplittableRandom(mix(mix(seed + use.hashCode() * 0x9E3779B97F4A7C15L) + index));
    }

    /** The seed of a training, 31 bits: every framework takes it. */
    static long training(long seed, int number) {
        return stream(seed, "training", number).nextInt() & 0x7FFFFFFFL;
    }

    /** The finaliser of SplitMix64 (Steele, Lea and Flood 2014). */
    private static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    private Seeds() {}
}
