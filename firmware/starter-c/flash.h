/* Where the device keeps what it knows: here an array, on a board pages of its flash that nothing else uses. */
#ifndef FLASH_H
#define FLASH_H

#include "gradient_decay.h"

#define PAGE_BYTES 4096

/* The range, and the functions that reach it. */
extern const gd_flash flash;

#endif
