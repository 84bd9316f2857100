package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Associative recall (Graves et al., "Neural Turing Machines", 2014; the task by which Arora et al., "Zoology", 2023, tell attention from
 * what replaces it): eight positions hold a key and its value each, the last one a key alone, and the label is that key's value. A
 * position has a 1 in the channel of its key and in that of its value.
 */
record Recall() implements Generator.OfClasses {
    private static final int KEYS = 8;
    private static final int VALUES = 8;
    private static final int CHANNELS = KEYS + VALUES;

    @Override
    public Shape shape() {
        return Shape.image(CHANNELS, 1, KEYS + 1);
    }

    @Override
    public int classes() {
        return VALUES;
    }

    @Override
    public void generate(int label, SplittableRandom random, float[] example) {
        Arrays.fill(example, 0);
        var keys = new int[KEYS];
        Arrays.setAll(keys, i -> i);
        Partition.shuffle(keys, random);
        int asked = random.nextInt(KEYS);
        for (int position = 0; position < KEYS; position++) {
            int value = position == asked ? label : random.nextInt(VALUES);
            example[position * CHANNELS + keys[position]] = 1;
            example[position * CHANNELS + KEYS + value] = 1;
        }
        example[KEYS * CHANNELS + keys[asked]] = 1;
    }
}
