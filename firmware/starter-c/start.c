/* The vector table and the start-up code for any Cortex-M: memory, FPU, C++ constructors. */

#include <stdint.h>

extern uint32_t _stack_end, _data_start, _data_end, _data_load, _bss_start, _bss_end;
extern void (*const _init_start[])(void), (*const _init_end[])(void);
int main(void);
_Noreturn void reset(void);

_Noreturn void reset(void)
{
    for (uint32_t *to = &_data_start, *from = &_data_load; to < &_data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &_bss_start; to < &_bss_end;) {
        *to++ = 0;
    }
#if defined(__ARM_FP)
    /* The FPU is off after a reset: CPACR, coprocessors 10 and 11. */
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;
    __asm__ volatile("dsb\nisb");
#endif
    for (void (*const *init)(void) = _init_start; init < _init_end; init++) {
        (*init)();
    }
    main();
    for (;;) {
    }
}

static _Noreturn void fault(void)
{
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    &_stack_end, reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault,
};
