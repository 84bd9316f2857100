package dev.mlops.nas.trainer;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * What a {@link Recurrence} computes at one position. One product with a matrix of four blocks of columns, as many as there are
 * units in each, gives four blocks of rows; the cell makes the next state of them. All arrays are units by examples.
 */
sealed interface RecurrentCell {
    /** Blocks of rows that the matrix gives. */
    int BLOCKS = 4;

    /** Gates with weights and biases of their own. */
    int gates();

    /** Where the gates' weights for the input, those for the state, and their biases lie among the matrix's blocks. */
    List<Place> places();

    /** Blocks of numbers to be remembered at each position; those before the first position are 0. */
    int memories();

    /** Whether {@code carry} is a gradient of the state before, rather than of the cell's own memory. */
    boolean carriesToState();

    void forward(Tape tape, At at);

    /** Turns {@code dState} into {@code dBlocks}, and updates {@code carry}, which is 0 at first. */
    void backward(Tape tape, At at, INDArray dState, INDArray dBlocks, INDArray carry);

    /** Rows of the matrix: for the input, for the state before, for the bias. */
    enum Rows {
        INPUT,
        STATE,
        BIAS
    }

    /** So many blocks of columns of a parameter, and where they start in the parameter and in the matrix. */
    record Place(Rows rows, int blocks, int inParameter, int inMatrix) {}

    /**
     * One position.
     *
     * @param blocks the matrix's result, overwritten by the gates' values
     * @param before state before
     * @param after where the state goes
     * @param memoryBefore what the cell remembers of the position before
     * @param memory what it remembers of this one
     * @param scratch as large as blocks
     */
    record At(
            INDArray blocks,
            INDArray before,
            INDArray after,
            INDArray memoryBefore,
            INDArray memory,
            INDArray scratch) {
        private INDArray block(INDArray array, int from, int count) {
            long units = after.size(0);
            return array.get(NDArrayIndex.interval(from * units, (from + count) * units), NDArrayIndex.all());
        }
    }

    /** Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000). */
    record Lstm() implements RecurrentCell {
        @Override
        public int gates() {
            return 4;
        }

        /** Input, forget and output gate, candidate. */
        @Override
        public List<Place> places() {
            return List.of(
                    new Place(Rows.INPUT, 4, 0, 0), new Place(Rows.STATE, 4, 0, 0), new Place(Rows.BIAS, 4, 0, 0));
        }

        /** The cell and its hyperbolic tangent. */
        @Override
        public int memories() {
            return 2;
        }

        @Override
        public boolean carriesToState() {
            return false;
        }

        @Override
        public void forward(Tape tape, At at) {
            var cell = at.block(at.memory, 0, 1);
            var squashed = at.block(at.memory, 1, 1);
            var candidate = at.block(at.blocks, 3, 1);
            Arithmetic.sigmoid(tape, at.block(at.blocks, 0, 3));
            tape.add(Arithmetic.tanh(candidate, candidate));
            tape.add(Arithmetic.product(at.block(at.blocks, 0, 1), candidate, squashed));
            tape.add(Arithmetic.product(at.block(at.blocks, 1, 1), at.block(at.memoryBefore, 0, 1), cell));
            tape.add(Arithmetic.sum(cell, squashed, cell));
            tape.add(Arithmetic.tanh(cell, squashed));
            tape.add(Arithmetic.product(at.block(at.blocks, 2, 1), squashed, at.after));
        }

        @Override
        public void backward(Tape tape, At at, INDArray dState, INDArray dBlocks, INDArray carry) {
            var squashed = at.block(at.memory, 1, 1);
            var candidate = at.block(at.blocks, 3, 1);
            var dCandidate = at.block(dBlocks, 3, 1);
            var scratch = at.block(at.scratch, 0, 1);
            var dCell = at.block(at.scratch, 1, 1);
            tape.add(Arithmetic.product(dState, squashed, at.block(dBlocks, 2, 1)));
            tape.add(Arithmetic.product(dState, at.block(at.blocks, 2, 1), dCell));
            Arithmetic.throughTanh(tape, squashed, dCell, scratch);
            tape.add(Arithmetic.sum(dCell, carry, dCell));
            tape.add(Arithmetic.product(dCell, candidate, at.block(dBlocks, 0, 1)));
            tape.add(Arithmetic.product(dCell, at.block(at.memoryBefore, 0, 1), at.block(dBlocks, 1, 1)));
            tape.add(Arithmetic.product(dCell, at.block(at.blocks, 0, 1), dCandidate));
            tape.add(Arithmetic.product(dCell, at.block(at.blocks, 1, 1), carry));
            Arithmetic.throughTanh(tape, candidate, dCandidate, scratch);
            Arithmetic.throughSigmoid(
                    tape, at.block(at.blocks, 0, 3), at.block(dBlocks, 0, 3), at.block(at.scratch, 0, 3));
        }
    }

    /**
     * Gated recurrent unit (Cho et al. 2014), with the reset gate behind the product with the state, as cuDNN and PyTorch have it.
     */
    record Gru() implements RecurrentCell {
        @Override
        public int gates() {
            return 3;
        }

        /** Reset and update gate, candidate from the input, candidate from the state. */
        @Override
        public List<Place> places() {
            return List.of(
                    new Place(Rows.INPUT, 3, 0, 0),
                    new Place(Rows.STATE, 2, 0, 0),
                    new Place(Rows.STATE, 1, 2, 3),
                    new Place(Rows.BIAS, 3, 0, 0));
        }

        /** The state before less the candidate. */
        @Override
        public int memories() {
            return 1;
        }

        @Override
        public boolean carriesToState() {
            return true;
        }

        @Override
        public void forward(Tape tape, At at) {
            var candidate = at.block(at.blocks, 2, 1);
            var scratch = at.block(at.scratch, 0, 1);
            Arithmetic.sigmoid(tape, at.block(at.blocks, 0, 2));
            tape.add(Arithmetic.product(at.block(at.blocks, 0, 1), at.block(at.blocks, 3, 1), scratch));
            tape.add(Arithmetic.sum(candidate, scratch, candidate));
            tape.add(Arithmetic.tanh(candidate, candidate));
            tape.add(Arithmetic.difference(at.before, candidate, at.memory));
            tape.add(Arithmetic.product(at.block(at.blocks, 1, 1), at.memory, scratch));
            tape.add(Arithmetic.sum(candidate, scratch, at.after));
        }

        @Override
        public void backward(Tape tape, At at, INDArray dState, INDArray dBlocks, INDArray carry) {
            var dCandidate = at.block(dBlocks, 2, 1);
            tape.add(Arithmetic.product(dState, at.memory, at.block(dBlocks, 1, 1)));
            tape.add(Arithmetic.product(dState, at.block(at.blocks, 1, 1), carry));
            tape.add(Arithmetic.difference(dState, carry, dCandidate));
            Arithmetic.throughTanh(tape, at.block(at.blocks, 2, 1), dCandidate, at.block(at.scratch, 0, 1));
            tape.add(Arithmetic.product(dCandidate, at.block(at.blocks, 0, 1), at.block(dBlocks, 3, 1)));
            tape.add(Arithmetic.product(dCandidate, at.block(at.blocks, 3, 1), at.block(dBlocks, 0, 1)));
            Arithmetic.throughSigmoid(
                    tape, at.block(at.blocks, 0, 2), at.block(dBlocks, 0, 2), at.block(at.scratch, 0, 2));
        }
    }
}
