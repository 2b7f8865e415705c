#![no_std]
#![no_main]

use core::arch::wasm32;

static mut AT: usize = 0;

extern "C" {
    static __heap_base: u8;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    wasm32::unreachable()
}

#[no_mangle]
pub extern "C" fn alloc(count: usize) -> usize {
    unsafe {
        if AT == 0 {
            AT = core::ptr::addr_of!(__heap_base) as usize;
        }
        let place = (AT + 7) & !7;
        AT = place + count;
        let have = wasm32::memory_size(0) << 16;
        if AT > have && wasm32::memory_grow(0, (AT - have + 65535) >> 16) == usize::MAX {
            wasm32::unreachable()
        }
        place
    }
}

/// The whole part of the number behind `name` in the text.
fn number(text: &[u8], name: &[u8]) -> i64 {
    match text.windows(name.len()).position(|part| part == name) {
        Some(at) => text[at + name.len()..]
            .iter()
            .take_while(|letter| letter.is_ascii_digit())
            .fold(0, |value, letter| 10 * value + i64::from(letter - b'0')),
        None => wasm32::unreachable(),
    }
}

#[no_mangle]
pub unsafe extern "C" fn evaluate(text: *const u8, count: usize) -> i64 {
    let text = core::slice::from_raw_parts(text, count);
    i64::from(number(text, b"\"distance_m\":") > number(text, b"\"over_m\":"))
}

#[no_mangle]
pub unsafe extern "C" fn aggregate(parts: *const i64, count: usize) -> i64 {
    core::slice::from_raw_parts(parts, count).iter().sum()
}
