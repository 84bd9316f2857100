package dev.mlops.nas.devcluster;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;

/** The cores of the machine, handed out in the order of asking. */
final class Slots {
    private final int total;
    private final Deque<Claim> waiting = new ArrayDeque<>();
    private int free;

    Slots(int total) {
        this.total = total;
        this.free = total;
    }

    /** How many there are, free or not. */
    int total() {
        return total;
    }

    /** Asks for cores; more than there are counts as all. */
    synchronized Claim claim(int cores) {
        var claim = new Claim(Math.clamp(cores, 1, total));
        waiting.add(claim);
        serve();
        return claim;
    }

    /** Takes cores for what runs already, even where none is free. */
    synchronized Claim take(int cores) {
        var claim = new Claim(Math.clamp(cores, 1, total));
        free -= claim.cores;
        claim.granted.complete(null);
        return claim;
    }

    private synchronized void release(Claim claim) {
        if (!waiting.remove(claim) && !claim.released) {
            free += claim.cores;
        }
        claim.released = true;
        serve();
    }

    private void serve() {
        while (!waiting.isEmpty() && waiting.peek().cores <= free) {
            var next = waiting.remove();
            free -= next.cores;
            next.granted.complete(null);
        }
    }

    /** Cores asked for; closing gives them back. */
    final class Claim implements AutoCloseable {
        private final int cores;
        private final CompletableFuture<Void> granted = new CompletableFuture<>();
        private boolean released;

        private Claim(int cores) {
            this.cores = cores;
        }

        /** Done when the cores are there. */
        CompletableFuture<Void> granted() {
            return granted;
        }

        @Override
        public void close() {
            release(this);
        }
    }
}
