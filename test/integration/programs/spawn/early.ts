console.log('looking for a licence')
if (process.argv.length < 10) throw new Error('no licence')
await import('rxmpi')
