package dev.mlops.nas.search;

/** Stages one after the other. */
public abstract non-sealed class ChainSpace implements SearchSpace {}
