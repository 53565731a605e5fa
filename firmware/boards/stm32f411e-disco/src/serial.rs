//! USART2: received by an interrupt, since the sampling would let bytes slip away that nobody fetches within 87 us.

use board_support::Handover;
use embedded_io::{ErrorKind, ErrorType, Write};
use heapless::spsc::{Consumer, Producer, Queue};
use nb::block;
use static_cell::ConstStaticCell;
use stm32f4xx_hal::pac::{self, USART2, interrupt};
use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::rcc::Rcc;
use stm32f4xx_hal::serial::{Config, Rx, Serial, Tx};

static RECEIVED: ConstStaticCell<Queue<u8, 256>> = ConstStaticCell::new(Queue::new());
static RX: Handover<(Rx<USART2>, Producer<'static, u8>)> = Handover::new();

/// The half that sends.
pub struct Out(Tx<USART2>);

/// Opens the port at 115,200 baud.
pub fn open(
    usart: USART2,
    pins: (
        impl Into<<USART2 as stm32f4xx_hal::serial::CommonPins>::Tx<stm32f4xx_hal::gpio::PushPull>>,
        impl Into<<USART2 as stm32f4xx_hal::serial::CommonPins>::Rx<stm32f4xx_hal::gpio::PushPull>>,
    ),
    rcc: &mut Rcc,
) -> (Out, Consumer<'static, u8>) {
    let serial = Serial::new(usart, pins, Config::default().baudrate(115_200.bps()), rcc);
    let (tx, mut rx) = defmt::unwrap!(serial.ok()).split();
    let (producer, consumer) = RECEIVED.take().split();
    rx.listen();
    RX.leave((rx, producer));
    // SAFETY: the interrupt finds all that it needs in RX.
    unsafe { pac::NVIC::unmask(pac::Interrupt::USART2) };
    (Out(tx), consumer)
}

#[interrupt]
fn USART2() {
    static mut OWN: Option<(Rx<USART2>, Producer<'static, u8>)> = None;
    if OWN.is_none() {
        *OWN = RX.take();
    }
    if let Some((rx, queue)) = OWN
        && let Ok(byte) = rx.read()
    {
        // A byte without room spoils its frame, which is then refused.
        let _: Result<(), u8> = queue.enqueue(byte);
    }
}

impl ErrorType for Out {
    type Error = ErrorKind;
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        let Some(byte) = bytes.first() else { return Ok(0) };
        block!(self.0.write(*byte)).map_err(|_| ErrorKind::Other)?;
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        block!(self.0.flush()).map_err(|_| ErrorKind::Other)
    }
}
