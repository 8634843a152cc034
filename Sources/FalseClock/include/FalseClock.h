// Loaded before the system's library (LD_PRELOAD): a process' wall clock is ahead or behind by so many seconds as the first eight bytes
// of the file FALSE_CLOCK hold (a signed integer, the machine's byte order), at any moment. Clocks that only rise are left alone.
#pragma once
