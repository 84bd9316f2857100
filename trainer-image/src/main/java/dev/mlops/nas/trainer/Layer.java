package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.List;

/** One node of a network. Stateless but for its parameters; what a tape needs to remember lives in {@link Site}. */
interface Layer {
    /** The output's shape, computed from the inputs' shapes. */
    Shape shape();

    /** Multiply-accumulate operations for one example. */
    default long macs() {
        return 0;
    }

    /** Appends the forward steps to the tape and returns the output. */
    Slot forward(Tape tape, Site site);

    /**
     * Appends the backward steps: turns the gradient of the output into gradients of the parameters and the inputs, which go
     * to {@link Site#give}. The caller releases {@code gradient}.
     */
    void backward(Tape tape, Site site, Slot gradient);

    /** Whether the backward steps read the layer's own output, so that nobody may overwrite it. */
    default boolean readsOutput() {
        return false;
    }

    /** A layer on one tape: its neighbours' arrays. */
    interface Site {
        List<Slot> inputs();

        /** Whether the gradient of an input is of use to anybody. */
        boolean wanted(int input);

        /** Hands over a gradient of an input; the receiver releases it. */
        void give(int input, Slot gradient);

        /** Whether this layer may write its output over its only input. */
        boolean mayOverwrite();

        /** The layer's own output on this tape. */
        Slot output();

        /** Keeps something from the forward pass for the backward pass. */
        void keep(Slot slot);

        /** What was kept, in that order. */
        List<Slot> kept();
    }
}
