/** A rank that was started, and goes again. */
import { COMM_PARENT } from 'rxmpi'

await COMM_PARENT!.close()
