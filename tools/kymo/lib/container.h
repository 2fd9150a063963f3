/* SPDX-License-Identifier: MIT */
/* The container's and the ring's constants, as SPEC.md sections 2, 3 and 5 state them; shared by
 * the reader, by the capture commands that write containers, and by the tests. All numbers in files
 * are little-endian. */
#ifndef KYMO_CONTAINER_H
#define KYMO_CONTAINER_H
#include <stddef.h>
#include <stdint.h>

#define KYMO_FILE_MAGIC "\x89KYMO\r\n\x1a"
#define KYMO_PACKET_MAGIC 0x4B50594Bu
#define KYMO_BLOCK_MAGIC 0x4B42u
#define KYMO_CTL_MAGIC 0x4B594D4Fu

enum { KYMO_FILE_HEADER = 16, KYMO_PACKET_HEADER = 24, KYMO_BLOCK_HEADER = 32, KYMO_CTL_SIZE = 64 };
enum { KYMO_BLOCK_MIN = 256, KYMO_BLOCK_MAX = 32768 };

enum kymo_packet {
    KYMO_PACKET_META = 1,
    KYMO_PACKET_TABLE,
    KYMO_PACKET_STRINGS,
    KYMO_PACKET_SYMBOLS,
    KYMO_PACKET_BLOCK,
    KYMO_PACKET_OPEN,
    KYMO_PACKET_CONSOLE,
    KYMO_PACKET_COST,
    KYMO_PACKET_END
};

/* CRC of a packet: bytes 0 to 15 of its header, then the payload. */
uint32_t kymo_packet_crc(const void *header16, const void *payload, size_t length);

#endif
