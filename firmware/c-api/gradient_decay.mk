# gradient-decay for make. Set GRADIENT_DECAY_TARGET to the processor as Rust calls it and include this; then add GRADIENT_DECAY_INCLUDE to the
# compiler's flags, let the program depend on GRADIENT_DECAY_ARCHIVE, and link that. It is the one in lib/<target> if this is an unpacked
# release, or another that GRADIENT_DECAY_ARCHIVE names; else cargo builds it.

GRADIENT_DECAY_DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
GRADIENT_DECAY_INCLUDE := -I$(GRADIENT_DECAY_DIR)/include
# s: a small library; 3: one that is 1.8 times as large, and up to 6 % faster.
GRADIENT_DECAY_OPTIMIZE ?= s
# 1: kernels of one row at a time, a fifth less flash for more instructions and the same bits.
GRADIENT_DECAY_SMALL ?= 0
GRADIENT_DECAY_CARGO_DIR ?= $(CURDIR)/build/cargo
GRADIENT_DECAY_ARCHIVE ?= $(wildcard $(GRADIENT_DECAY_DIR)/lib/$(GRADIENT_DECAY_TARGET)/libgradient_decay_c.a)

ifeq ($(GRADIENT_DECAY_ARCHIVE),)
GRADIENT_DECAY_ARCHIVE := $(GRADIENT_DECAY_CARGO_DIR)/$(GRADIENT_DECAY_TARGET)/release/libgradient_decay_c.a

# Each time: cargo knows what has changed, and leaves the archive as it is if nothing has.
.PHONY: gradient_decay_build
gradient_decay_build:
	CARGO_PROFILE_RELEASE_OPT_LEVEL=$(GRADIENT_DECAY_OPTIMIZE) cargo rustc --quiet --release --crate-type staticlib \
	    --target $(GRADIENT_DECAY_TARGET) $(if $(filter 1,$(GRADIENT_DECAY_SMALL)),--features small) --target-dir $(GRADIENT_DECAY_CARGO_DIR) --manifest-path $(GRADIENT_DECAY_DIR)/Cargo.toml

$(GRADIENT_DECAY_ARCHIVE): gradient_decay_build ;
endif
