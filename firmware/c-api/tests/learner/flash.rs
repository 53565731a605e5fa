//! A learner in a flash that three functions reach.

use std::ffi::c_void;
use std::mem::zeroed;
use std::ptr;

use gradient_decay_c::*;

use super::{FEATURES, Mine, config, sample};

/// A flash in RAM that can be told to refuse.
struct Flash {
    bytes: Vec<u8>,
    refuse: bool,
}

const PAGE: usize = 512;

impl Flash {
    fn of(&mut self) -> gd_flash {
        gd_flash {
            context: ptr::from_mut(self).cast(),
            read: Some(read),
            write: Some(write),
            erase: Some(erase),
            bytes: self.bytes.len() as u32,
        }
    }
}

/// The flash behind a context, and the range that is meant.
unsafe fn range<'a>(context: *mut c_void, offset: u32, count: usize) -> Result<&'a mut [u8], i32> {
    let flash = unsafe { &mut *context.cast::<Flash>() };
    if flash.refuse { Err(-1) } else { Ok(&mut flash.bytes[offset as usize..][..count]) }
}

unsafe extern "C" fn read(context: *mut c_void, offset: u32, bytes: *mut u8, count: usize) -> i32 {
    assert!(offset.is_multiple_of(4) && count.is_multiple_of(4));
    match unsafe { range(context, offset, count) } {
        Ok(from) => {
            unsafe { ptr::copy_nonoverlapping(from.as_ptr(), bytes, count) };
            0
        }
        Err(error) => error,
    }
}

unsafe extern "C" fn write(context: *mut c_void, offset: u32, bytes: *const u8, count: usize) -> i32 {
    assert!(offset.is_multiple_of(32) && count.is_multiple_of(32));
    match unsafe { range(context, offset, count) } {
        Ok(to) => {
            assert!(to.iter().all(|byte| *byte == 0xff), "written without having been erased");
            unsafe { ptr::copy_nonoverlapping(bytes, to.as_mut_ptr(), count) };
            0
        }
        Err(error) => error,
    }
}

unsafe extern "C" fn erase(context: *mut c_void, offset: u32, count: u32) -> i32 {
    assert!((offset as usize).is_multiple_of(PAGE) && (count as usize).is_multiple_of(PAGE));
    match unsafe { range(context, offset, count as usize) } {
        Ok(to) => {
            to.fill(0xff);
            0
        }
        Err(error) => error,
    }
}

#[test]
fn a_learner_comes_back_from_flash() {
    let all = config(&gd_head_discriminant);
    let mut mine = Mine::new(&all);
    let at = mine.at();
    unsafe {
        (0..3).for_each(|_| assert_eq!(gd_learner_add_class(at, ptr::null_mut()), GD_OK));
        (0..9).for_each(|i| assert_eq!(gd_learner_observe(at, sample(i, i % 3).as_ptr(), FEATURES), GD_OK));
    }
    let size = mine.saved().len();
    let pages = 3 * (size + 20).div_ceil(PAGE);
    let mut flash = Flash { bytes: vec![0xff; pages * PAGE], refuse: false };
    let mut store: gd_store = unsafe { zeroed() };
    let mut buffer = vec![0; gd_store_buffer_bytes(size)];
    let (to, room) = (buffer.as_mut_ptr(), buffer.len());
    unsafe {
        assert_eq!(gd_store_load(&mut store, at, to, room), GD_ERROR_TRAINER);
        let mut bad = flash.of();
        bad.bytes -= 1;
        assert_eq!(gd_store_init(&mut store, &bad, &gd_pages_512, at), GD_ERROR_FLASH_RANGE);
        bad.bytes = PAGE as u32;
        assert_eq!(gd_store_init(&mut store, &bad, &gd_pages_512, at), GD_ERROR_FLASH_RANGE);
        bad = flash.of();
        bad.erase = None;
        assert_eq!(gd_store_init(&mut store, &bad, &gd_pages_512, at), GD_ERROR_POINTER);
        assert_eq!(gd_store_init(&mut store, &flash.of(), ptr::null(), at), GD_ERROR_POINTER);
        assert_eq!(gd_store_init(&mut store, &flash.of(), &gd_pages_512, at), GD_OK);
        assert_eq!(gd_store_load(&mut store, at, to, room), GD_ERROR_EMPTY);
        assert_eq!(gd_store_save(&mut store, at, GD_SAVE_ALL, false, to, room - 1), GD_ERROR_SHORT);
    }
    let mut last = Vec::new();
    for i in 0..40 {
        assert_eq!(mine.learn(&sample(i, i % 3), i % 3).0, GD_OK);
        last = mine.saved();
        assert_eq!(unsafe { gd_store_save(&mut store, at, GD_SAVE_ALL, false, to, room) }, GD_OK);
    }
    // After a reset: another store over the same flash.
    let mut restored = Mine::new(&all);
    unsafe {
        assert_eq!(gd_store_init(&mut store, &flash.of(), &gd_pages_512, restored.at()), GD_OK);
        flash.refuse = true;
        let before = restored.saved();
        assert_eq!(gd_store_load(&mut store, restored.at(), to, room), GD_ERROR_FLASH);
        assert_eq!(gd_store_save(&mut store, restored.at(), GD_SAVE_ALL, false, to, room), GD_ERROR_FLASH);
        assert_eq!(restored.saved(), before);
        flash.refuse = false;
        assert_eq!(gd_store_load(&mut store, restored.at(), to, room), GD_OK);
    }
    assert_eq!(restored.saved(), last);
    unsafe {
        // Another head's learner is refused, and somebody else's data kept until it may go.
        let other = Mine::new(&config(&gd_head_linear));
        assert_eq!(gd_store_load(&mut store, other.at(), to, room), GD_ERROR_CHECKPOINT);
        assert_eq!(gd_store_forget(&mut store), GD_OK);
        assert!(flash.bytes.iter().all(|byte| *byte == 0xff));
        assert_eq!(gd_store_load(&mut store, restored.at(), to, room), GD_ERROR_EMPTY);
        flash.bytes.fill(0x5a);
        assert_eq!(gd_store_init(&mut store, &flash.of(), &gd_pages_512, restored.at()), GD_OK);
        assert_eq!(gd_store_load(&mut store, restored.at(), to, room), GD_ERROR_FOREIGN);
        assert_eq!(gd_store_save(&mut store, restored.at(), GD_SAVE_ALL, false, to, room), GD_ERROR_FOREIGN);
        assert!(flash.bytes.iter().all(|byte| *byte == 0x5a));
        assert_eq!(gd_store_save(&mut store, restored.at(), GD_SAVE_NO_SAMPLES, true, to, room), GD_OK);
        assert_eq!(gd_store_load(&mut store, restored.at(), to, room), GD_OK);
    }
}
