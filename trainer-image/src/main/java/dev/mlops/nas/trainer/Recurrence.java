package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Parameters.Parameter;
import dev.mlops.nas.trainer.RecurrentCell.At;
import dev.mlops.nas.trainer.RecurrentCell.Place;
import dev.mlops.nas.trainer.RecurrentCell.Rows;
import dev.mlops.nas.trainer.Tape.Slot;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A recurrent layer that gives its state at every position, in either direction of time. Weights and biases of all gates lie in one
 * matrix, and input, state and a one below each other in one array per position, examples innermost: a position is one product of
 * matrices, and what follows works on adjacent numbers.
 */
final class Recurrence implements Layer {
    private final RecurrentCell cell;
    private final Shape input;
    private final int units;
    private final boolean reverse;
    private final Parameter inputWeights;
    private final Parameter stateWeights;
    private final Parameter biases;

    Recurrence(RecurrentCell cell, Shape input, int units, boolean reverse, Parameters parameters) {
        this.cell = cell;
        this.input = input;
        this.units = units;
        this.reverse = reverse;
        int columns = cell.gates() * units;
        int fanIn = input.channels() + units;
        this.inputWeights = parameters.weight(fanIn, 1, input.channels(), columns);
        this.stateWeights = parameters.weight(fanIn, 1, units, columns);
        this.biases = parameters.constant(0, 1, columns);
    }

    @Override
    public Shape shape() {
        return input.withChannels(units);
    }

    @Override
    public long macs() {
        return (long) cell.gates() * units * (input.channels() + units) * length();
    }

    private int length() {
        return input.width();
    }

    /** Arrays of one tape: [what a position reads], blocks and memories by position, and the matrix. */
    private record Arrays(Slot reads, Slot blocks, Slot memories, Slot matrix) {}

    @Override
    public Slot forward(Tape tape, Site site) {
        int batch = tape.batch();
        var arrays = new Arrays(
                tape.acquire(length() + 1, height(), batch),
                tape.acquire(length(), (long) RecurrentCell.BLOCKS * units, batch),
                tape.acquire(length() + 1, (long) cell.memories() * units, batch),
                tape.acquire(height(), (long) RecurrentCell.BLOCKS * units));
        assemble(tape, arrays.matrix.array());
        load(tape, site.inputs().getFirst().array(), arrays);
        var scratch = tape.acquire((long) RecurrentCell.BLOCKS * units, batch);
        for (int step = 0; step < length(); step++) {
            var at = at(arrays, step, scratch);
            tape.add(Arithmetic.transposedFirst(
                    arrays.matrix.array(), arrays.reads.array().slice(read(step)), at.blocks()));
            cell.forward(tape, at);
        }
        tape.release(scratch);
        var y = tape.acquire(shape().withBatch(batch));
        var result = y.array();
        var states = rows(positions(arrays.reads.array(), reverse ? 0 : 1), Rows.STATE)
                .permute(2, 0, 1);
        tape.add(() -> result.assign(states));
        for (var slot : new Slot[] {arrays.reads, arrays.blocks, arrays.memories, arrays.matrix}) {
            if (tape.training()) {
                site.keep(slot);
            } else {
                tape.release(slot);
            }
        }
        return y;
    }

    @Override
    public void backward(Tape tape, Site site, Slot gradient) {
        int batch = tape.batch();
        var kept = site.kept();
        var arrays = new Arrays(kept.get(0), kept.get(1), kept.get(2), kept.get(3));
        var matrix = arrays.matrix.array();
        var dMatrix = tape.acquire(matrix.shape());
        var dReads = tape.acquire(length() + 1, height(), batch);
        var dBlocks = tape.acquire((long) RecurrentCell.BLOCKS * units, batch);
        var scratch = tape.acquire((long) RecurrentCell.BLOCKS * units, batch);
        var carry = tape.acquire(units, batch);
        start(tape, gradient.array(), dReads.array(), dMatrix.array(), carry.array());
        for (int step = length() - 1; step >= 0; step--) {
            var at = at(arrays, step, scratch);
            var dState = rows(dReads.array().slice(write(step)), Rows.STATE);
            cell.backward(tape, at, dState, dBlocks.array(), carry.array());
            var read = arrays.reads.array().slice(read(step));
            tape.add(Arithmetic.addTransposedSecond(read, dBlocks.array(), dMatrix.array()));
            backToWhatWasRead(tape, matrix, dBlocks.array(), dReads.array().slice(read(step)));
            if (cell.carriesToState()) {
                var dBefore = rows(dReads.array().slice(read(step)), Rows.STATE);
                tape.add(Arithmetic.sum(dBefore, carry.array(), dBefore));
            }
        }
        disassemble(tape, dMatrix.array());
        if (site.wanted(0)) {
            var dx = tape.acquire(input.withBatch(batch));
            var to = dx.array();
            var from =
                    rows(positions(dReads.array(), reverse ? 1 : 0), Rows.INPUT).permute(2, 0, 1);
            tape.add(() -> to.assign(from));
            site.give(0, dx);
        }
        for (var slot : new Slot[] {dMatrix, dReads, dBlocks, scratch, carry}) {
            tape.release(slot);
        }
    }

    /** The gradient of the states from outside goes where that of what the next position reads is added to. */
    private void start(Tape tape, INDArray gradient, INDArray dReads, INDArray dMatrix, INDArray carry) {
        var states = rows(positions(dReads, reverse ? 0 : 1), Rows.STATE);
        var given = gradient.permute(1, 2, 0);
        var first = dReads.slice(read(0));
        tape.add(() -> {
            first.assign(0f);
            states.assign(given);
            dMatrix.assign(0f);
            carry.assign(0f);
        });
    }

    /** Input and bias are overwritten; the state has a gradient from outside already. */
    private void backToWhatWasRead(Tape tape, INDArray matrix, INDArray dBlocks, INDArray dRead) {
        tape.add(Arithmetic.matrices(rows(matrix, Rows.INPUT), dBlocks, rows(dRead, Rows.INPUT)));
        tape.add(Arithmetic.addMatrices(rows(matrix, Rows.STATE), dBlocks, rows(dRead, Rows.STATE)));
    }

    private void assemble(Tape tape, INDArray matrix) {
        tape.add(() -> matrix.assign(0f));
        for (var place : cell.places()) {
            var from = columns(parameter(place).value(), place.inParameter(), place.blocks());
            var to = columns(rows(matrix, place.rows()), place.inMatrix(), place.blocks());
            tape.add(() -> to.assign(from));
        }
    }

    private void disassemble(Tape tape, INDArray dMatrix) {
        for (var place : cell.places()) {
            var from = columns(rows(dMatrix, place.rows()), place.inMatrix(), place.blocks());
            var to = columns(parameter(place).gradient(), place.inParameter(), place.blocks());
            tape.add(() -> to.assign(from));
        }
    }

    private Parameter parameter(Place place) {
        return switch (place.rows()) {
            case INPUT -> inputWeights;
            case STATE -> stateWeights;
            case BIAS -> biases;
        };
    }

    /** Input and ones for every position, and zeros before the first. */
    private void load(Tape tape, INDArray x, Arrays arrays) {
        var inputs = rows(positions(arrays.reads.array(), reverse ? 1 : 0), Rows.INPUT);
        var ones = rows(arrays.reads.array(), Rows.BIAS);
        var start = rows(arrays.reads.array().slice(read(0)), Rows.STATE);
        var memory = arrays.memories.array().slice(0);
        var given = x.permute(1, 2, 0);
        tape.add(() -> {
            inputs.assign(given);
            ones.assign(1f);
            start.assign(0f);
            memory.assign(0f);
        });
    }

    private At at(Arrays arrays, int step, Slot scratch) {
        var reads = arrays.reads.array();
        return new At(
                arrays.blocks.array().slice(step),
                rows(reads.slice(read(step)), Rows.STATE),
                rows(reads.slice(write(step)), Rows.STATE),
                arrays.memories.array().slice(step),
                arrays.memories.array().slice(step + 1),
                scratch.array());
    }

    /** Where the input and the state lie that a step reads: by position, one later where time runs backwards. */
    private int read(int step) {
        return reverse ? length() - step : step;
    }

    /** Where the state goes that a step computes: to what the next step reads. */
    private int write(int step) {
        return reverse ? length() - step - 1 : step + 1;
    }

    /** Rows of the matrix, and numbers that a position reads. */
    private long height() {
        return (long) input.channels() + units + 1;
    }

    private INDArray positions(INDArray array, int from) {
        return array.get(NDArrayIndex.interval(from, from + length()), NDArrayIndex.all(), NDArrayIndex.all());
    }

    /** The rows of one kind: of the matrix, of what a position reads, or of what all positions read. */
    private INDArray rows(INDArray array, Rows rows) {
        int inputs = input.channels();
        var range = switch (rows) {
            case INPUT -> NDArrayIndex.interval(0, inputs);
            case STATE -> NDArrayIndex.interval(inputs, (long) inputs + units);
            case BIAS -> NDArrayIndex.interval((long) inputs + units, height());
        };
        var all = NDArrayIndex.all();
        return array.get(array.rank() == 2 ? new INDArrayIndex[] {range, all} : new INDArrayIndex[] {all, range, all});
    }

    private INDArray columns(INDArray array, int from, int count) {
        return array.get(NDArrayIndex.all(), NDArrayIndex.interval((long) from * units, (long) (from + count) * units));
    }
}
