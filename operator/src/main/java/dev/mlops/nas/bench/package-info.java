/** Benchmarks of the search engine on tables of trained architectures: reads files, runs the engine, prints. */
@NullMarked
package dev.mlops.nas.bench;

import org.jspecify.annotations.NullMarked;
