    .section .rodata
    .global molecule_worker_program
    .global molecule_worker_program_end
molecule_worker_program:
    .incbin "worker.py"
molecule_worker_program_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
