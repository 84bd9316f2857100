package dev.mlops.nas.search;

/**
 * How much narrower and shallower a network is that stands in for an architecture at a lower fidelity: the same decisions, with
 * fewer channels and units in every layer, or with fewer repeats in every stage. Zoph et al., "Learning Transferable Architectures
 * for Scalable Image Recognition", CVPR 2018, search cells in networks of few cells and filters and put them into large ones. Zhou
 * et al., "EcoNAS: Finding Proxies for Economical Neural Architecture Search", CVPR 2020, compare such proxies, and found fewer
 * channels the more reliable one than fewer pixels.
 *
 * <p>Multiply-accumulates grow with the depth and with the square of the width (Tan and Le, "EfficientNet: Rethinking Model
 * Scaling for Convolutional Neural Networks", ICML 2019), but for layers that have one filter for each channel, and for those that
 * read the example or give the result. By this a multiplier is worth a part of the cost: half the width a quarter of it, half the
 * depth a half.
 *
 * @param width of channels, filters and units, above 0 and at most 1
 * @param depth of blocks, cells and layers in a row, likewise
 */
public record Multipliers(double width, double depth) {
    /** The architecture's own network. */
    public static final Multipliers ONE = new Multipliers(1, 1);

    /** Checks the range. */
    public Multipliers {
        if (!(width > 0 && width <= 1 && depth > 0 && depth <= 1)) {
            throw new IllegalArgumentException(
                    "multipliers " + width + " and " + depth + " are not above 0, at most 1");
        }
    }

    /** So narrow that a network costs about this part. */
    public static Multipliers narrowing(double part) {
        return new Multipliers(StrictMath.sqrt(part), 1);
    }

    /** So shallow that a network costs about this part. */
    public static Multipliers shortening(double part) {
        return new Multipliers(1, part);
    }

    Multipliers times(Multipliers other) {
        return new Multipliers(width * other.width, depth * other.depth);
    }

    /** So many channels or units become; one at least. */
    int channels(int full) {
        return scaled(full, width);
    }

    /** The same where they split into equal groups, such as the heads of attention, whose number stays. */
    int channels(int full, int groups) {
        return groups * channels(full / groups);
    }

    /** So many blocks, cells or layers in a row become; what there is does not vanish. */
    int repeats(int full) {
        return full == 0 ? 0 : scaled(full, depth);
    }

    private static int scaled(int full, double by) {
        return Math.toIntExact(Math.max(1, Math.round(full * by)));
    }
}
