package dev.mlops.nas.search;

/**
 * The exponential function for arguments up to 0, with the same bits on every machine: {@link Math#exp} may differ in the last
 * one, and {@link StrictMath#exp} takes several times as long.
 */
final class Exponential {
    /** Below this the result is smaller than any normal number. */
    private static final double LEAST = -708;

    private static final double LOG2_E = 1 / StrictMath.log(2);
    // The natural logarithm of 2 in two parts; the first one's products with whole numbers are exact.
    private static final double LN2_HIGH = 0x1.62e42feep-1;
    private static final double LN2_LOW = 0x1.a39ef35793c76p-33;
    private static final int BIAS = 1023;
    private static final int MANTISSA_BITS = 52;

    /** e to the power of x, within 2 units in the last place; x is at most 0, and below -708 the result is 0. */
    static double of(double x) {
        if (x < LEAST) {
            return 0;
        }
        double power = Math.rint(x * LOG2_E);
        double r = x - power * LN2_HIGH - power * LN2_LOW;
        return taylor(r) * Double.longBitsToDouble((long) (power + BIAS) << MANTISSA_BITS);
    }

    /** The series up to the twelfth power, enough for half the logarithm of 2. */
    private static double taylor(double r) {
        double sum = 1.0 / 479_001_600;
        sum = sum * r + 1.0 / 39_916_800;
        sum = sum * r + 1.0 / 3_628_800;
        sum = sum * r + 1.0 / 362_880;
        sum = sum * r + 1.0 / 40_320;
        sum = sum * r + 1.0 / 5_040;
        sum = sum * r + 1.0 / 720;
        sum = sum * r + 1.0 / 120;
        sum = sum * r + 1.0 / 24;
        sum = sum * r + 1.0 / 6;
        sum = sum * r + 0.5;
        sum = sum * r + 1;
        return sum * r + 1;
    }

    private Exponential() {}
}
