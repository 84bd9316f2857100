package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Compiled;
import dev.mlops.nas.trainer.Network.Node;
import dev.mlops.nas.trainer.Tape.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Walks a network forward, and backward when training, while its layers append their steps to a tape. */
final class Compilation {
    private final List<Node> nodes;
    private final Tape tape;
    private final int[] consumers;
    private final @Nullable Slot[] outputs;
    private final @Nullable Slot[] gradients;
    private final List<List<Slot>> kept = new ArrayList<>();

    Compilation(List<Node> nodes, Tape tape) {
        this.nodes = nodes;
        this.tape = tape;
        this.consumers = Network.consumers(nodes);
        this.outputs = new Slot[nodes.size()];
        this.gradients = new Slot[nodes.size()];
        nodes.forEach(node -> kept.add(new ArrayList<>()));
    }

    Compiled compile() {
        int last = nodes.size() - 1;
        int input = forward();
        var logits = output(last);
        var logitsGradient = tape.acquire(logits.array().shape());
        if (tape.training()) {
            tape.differentiate();
            gradients[last] = logitsGradient;
            backward();
        }
        return new Compiled(tape, output(input), logits, logitsGradient, activations());
    }

    private List<Slot> activations() {
        return IntStream.range(0, nodes.size())
                .filter(i -> switch (nodes.get(i).layer()) {
                    case Plain.Relu _, Plain.Activation _ -> true;
                    default -> false;
                })
                .mapToObj(this::output)
                .toList();
    }

    /** Returns the position of the input node. */
    private int forward() {
        var pending = consumers.clone();
        int input = -1;
        for (int i = 0; i < nodes.size(); i++) {
            var node = nodes.get(i);
            outputs[i] = node.layer().forward(tape, new NodeSite(i));
            if (node.layer() instanceof Plain.Input) {
                input = i;
            }
            if (!tape.training()) {
                for (int from : node.inputs()) {
                    if (--pending[from] == 0 && !(nodes.get(from).layer() instanceof Plain.Input)) {
                        tape.release(output(from));
                    }
                }
            }
        }
        return input;
    }

    private void backward() {
        for (int i = nodes.size() - 1; i >= 0; i--) {
            var gradient = gradients[i];
            var node = nodes.get(i);
            if (gradient != null && !node.inputs().isEmpty()) {
                node.layer().backward(tape, new NodeSite(i), gradient);
                if (i < nodes.size() - 1) {
                    tape.release(gradient);
                    tape.release(output(i));
                }
            }
        }
    }

    private Slot output(int node) {
        var slot = outputs[node];
        if (slot == null) {
            throw new IllegalStateException(
                    "node %s has no output yet".formatted(nodes.get(node).name()));
        }
        return slot;
    }

    private void accumulate(int node, Slot addition) {
        var present = gradients[node];
        if (present == null) {
            gradients[node] = addition;
        } else if (present.exclusive()) {
            addInto(present, addition, present);
            tape.release(addition);
        } else if (addition.exclusive()) {
            addInto(present, addition, addition);
            tape.release(present);
            gradients[node] = addition;
        } else {
            var sum = tape.acquire(present.array().shape());
            addInto(present, addition, sum);
            tape.release(present);
            tape.release(addition);
            gradients[node] = sum;
        }
    }

    private void addInto(Slot one, Slot other, Slot sum) {
        tape.add(Kernel.of("add", Kernel.in(one.array(), other.array()), Kernel.out(sum.array())));
    }

    private final class NodeSite implements Layer.Site {
        private final int node;

        NodeSite(int node) {
            this.node = node;
        }

        @Override
        public List<Slot> inputs() {
            return nodes.get(node).inputs().stream()
                    .map(Compilation.this::output)
                    .toList();
        }

        @Override
        public boolean wanted(int input) {
            return !(nodes.get(nodes.get(node).inputs().get(input)).layer() instanceof Plain.Input);
        }

        @Override
        public void give(int input, Slot gradient) {
            if (wanted(input)) {
                accumulate(nodes.get(node).inputs().get(input), gradient);
            } else {
                tape.release(gradient);
            }
        }

        @Override
        public boolean mayOverwrite() {
            int input = nodes.get(node).inputs().getFirst();
            return wanted(0)
                    && consumers[input] == 1
                    && !nodes.get(input).layer().readsOutput();
        }

        @Override
        public Slot output() {
            return Compilation.this.output(node);
        }

        @Override
        public void keep(Slot slot) {
            kept.get(node).add(slot);
        }

        @Override
        public List<Slot> kept() {
            return kept.get(node);
        }
    }
}
