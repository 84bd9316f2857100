package dev.mlops.nas.trainer;

import java.util.List;

/**
 * A tensor as a part of a larger one of the same rank: the first of each side, but the middle of the sides of a kernel (Cai et al.,
 * "Once-for-All: Train One Network and Specialize it for Efficient Deployment", ICLR 2020). Kernels are the first two of four sides.
 *
 * @param whole sides of the larger one
 * @param part sides of the smaller one, none of them longer
 */
record Slice(List<Long> whole, List<Long> part) {
    private static final int KERNEL_RANK = 4;

    /** Told where numbers lie that are next to each other in both. */
    @FunctionalInterface
    interface Run {
        void at(int wholeFrom, int partFrom, int length);
    }

    /** Whether a tensor can be a part of another. */
    static boolean fits(List<Long> whole, List<Long> part) {
        if (whole.size() != part.size()) {
            return false;
        }
        for (int side = 0; side < part.size(); side++) {
            if (part.get(side) > whole.get(side)) {
                return false;
            }
        }
        return true;
    }

    /** Visits all numbers of the part, in its order. */
    void forEach(Run run) {
        int last = part.size() - 1;
        var at = new long[part.size()];
        int length = Math.toIntExact(part.get(last));
        long runs = part.subList(0, last).stream().reduce(1L, Math::multiplyExact);
        for (long i = 0; i < runs; i++) {
            run.at(place(at), Math.toIntExact(i * length), length);
            for (int side = last - 1; side >= 0 && ++at[side] == part.get(side); side--) {
                at[side] = 0;
            }
        }
    }

    private int place(long[] at) {
        long place = 0;
        for (int side = 0; side < at.length; side++) {
            place = place * whole.get(side) + at[side] + start(side);
        }
        return Math.toIntExact(place);
    }

    private long start(int side) {
        return whole.size() == KERNEL_RANK && side < 2 ? (whole.get(side) - part.get(side)) / 2 : 0;
    }
}
