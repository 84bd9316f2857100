package dev.mlops.nas.search;

/** A small graph that is stacked. */
public abstract non-sealed class CellSpace implements SearchSpace {}
