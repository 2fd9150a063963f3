/* SPDX-License-Identifier: MIT */
/* The page that the build bundled from web/, as bytes in the program (report.h: kr_page). */
    .section .rodata
    .globl kr_page, kr_page_end
kr_page:
    .incbin KR_PAGE
kr_page_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
